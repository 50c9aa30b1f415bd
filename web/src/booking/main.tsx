/* Boot: which page is this, and draw it. */
import { render, type JSX } from "preact";
import { readBoot, type Boot } from "./boot.js";
import { createVenueModel } from "./model.js";
import { BookingPage } from "./pages/booking-page.js";
import { Frame } from "./pages/frame.js";
import { HomePage } from "./pages/home-page.js";
import { VenuePage } from "./pages/venue-page.js";
import { connectLive } from "./services.js";
import { text } from "./text/index.js";

const PHONE = "(max-width: 767px)";

/** The venue's language decides how times are written; what the page says is in `text.lang`. */
const locale = document.documentElement.lang || text.lang;

function pageFor(boot: Boot): JSX.Element {
	switch (boot.page) {
		case "home":
			return <HomePage venues={boot.venues} lang={locale} />;
		case "booking":
			return <BookingPage refCode={boot.ref} venue={boot.venue} lang={locale} />;
		case "venue": {
			const model = boot.venue && createVenueModel(boot.venue, connectLive(), locale, matchMedia(PHONE).matches);
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
	root.lang = text.lang;
	root.replaceChildren();
	render(pageFor(readBoot(document.getElementById("boot")?.textContent ?? "")), root);
}
