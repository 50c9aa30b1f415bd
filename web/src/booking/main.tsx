/* Boot: which page is this, and draw it. */
import { render, type JSX } from "preact";
import { boot, type Boot } from "./boot.js";
import { keepLinkedLanguage } from "./language-menu.js";
import { fetchPartsWhenIdle, lazily } from "./lazily.js";
import { createVenueModel } from "./model.js";
import { VenuePage } from "./pages/venue-page.js";
import { narrow } from "./screen.js";
import { connectLive } from "./services.js";

const HomePage = lazily(() => import("./pages/home-page.js").then((file) => file.HomePage), "page");
const BookingPage = lazily(() => import("./pages/booking-page.js").then((file) => file.BookingPage), "page");
const NoVenue = lazily(() => import("./pages/no-venue.js").then((file) => file.NoVenue), "page");

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

const root = document.getElementById("app");
if (root) {
	keepLinkedLanguage();
	root.replaceChildren();
	render(pageFor(boot()), root);
	fetchPartsWhenIdle();
}
