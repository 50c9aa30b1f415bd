/* Boot: which page is this, and draw it. */
import { render, type JSX } from "preact";
import { boot, type Boot } from "./boot.js";
import { keepLinkedLanguage } from "./language-menu.js";
import { fetchPartsWhenIdle, lazily } from "./lazily.js";
import { createVenueModel } from "./model.js";
import { Frame } from "./pages/frame.js";
import { VenuePage } from "./pages/venue-page.js";
import { narrow } from "./screen.js";
import { connectLive } from "./services.js";
import { text } from "./text/index.js";

const HomePage = lazily(() => import("./pages/home-page.js").then((file) => file.HomePage), "page");
const BookingPage = lazily(() => import("./pages/booking-page.js").then((file) => file.BookingPage), "page");

function pageFor(page: Boot): JSX.Element {
	switch (page.page) {
		case "home":
			return <HomePage venues={page.venues} setup={page.setup} />;
		case "booking":
			return <BookingPage refCode={page.ref} venue={page.venue} />;
		case "venue": {
			const model = page.venue && createVenueModel(page.venue, connectLive(), narrow.peek());
			return model ? <VenuePage model={model} /> : <NoVenue />;
		}
	}
}

function NoVenue(): JSX.Element {
	return (
		<Frame title={text.venues.title} href="/">
			<main class="page">
				<section class="card">
					<h1>{text.missingVenue}</h1>
					<p class="lead">{text.missingVenueLead}</p>
					<a class="button primary" href="/">
						{text.venues.lead}
					</a>
				</section>
			</main>
		</Frame>
	);
}

const root = document.getElementById("app");
if (root) {
	keepLinkedLanguage();
	root.replaceChildren();
	render(pageFor(boot()), root);
	fetchPartsWhenIdle();
}
