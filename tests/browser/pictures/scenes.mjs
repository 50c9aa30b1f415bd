/*
 * What there is to be seen: each scene brings a page into one state of the real program. `play` may answer {moving: true} when the picture
 * must not wait for what moves, and {after} to put back what it did.
 */
import { dateIn, fillForm, open, openForm, Server, slotOf, status, visitor } from "../world.mjs";

const LIVE = /^GET \/v1\/live/;
const place = ({ service, resource, start }) => ({ service, resource, start });
const viewOn = (device) => (device === "phone" ? "list" : "week");
const weekday = (day, number) => {
	for (let n = day; ; n++) if (new Date(`${dateIn(n)}T12:00:00Z`).getUTCDay() === number) return dateIn(n);
};
const monday = (day) => weekday(day, 1);
const button = (page, name) => page.getByRole("button", { name });
const heading = (page, name) => page.getByRole("heading", { name }).waitFor();

const view = (name, query, more = {}) => ({
	name,
	...more,
	async play({ page, server, day }) {
		await page.goto(`${server.url}/v/harbour?date=${monday(day)}&${query}`);
		await page.locator("[data-slot], .tile-cue").first().waitFor();
		await status(page, more.live ?? "Live");
	},
});

/** A page whose clock the scene moves, at the end of a cable that it may pull at. */
async function onTheWire({ page, server, wire, device, day }) {
	const slot = await server.freeSlot("massage", day);
	await page.clock.install({ time: Date.now() });
	await open(page, slot.address(viewOn(device)).replace(server.url, wire.url));
	return slot;
}
async function booked({ page, server, day }) {
	const slot = await server.freeSlot("massage", day);
	const answer = await server.post("/v1/bookings", { ...place(slot), customer: { name: "Ana Sousa", email: "ana@example.org" } });
	await page.goto(`${server.url}/b/${(await answer.json()).ref}`);
	await heading(page, "You’re booked");
}
/** The panel of a free slot. */
async function panel({ page, server, device, day }, key = "massage") {
	const slot = await server.freeSlot(key, day);
	await open(page, slot.address(viewOn(device)));
	await slotOf(page, slot).click();
	await button(page, "Book this time").waitFor();
	return slot;
}
async function held(stage) {
	await panel(stage);
	await button(stage.page, "Book this time").click();
	await stage.page.locator(".hold .ring").waitFor();
	await fillForm(stage.page);
}

/** Somebody else is quicker while the panel is open. */
async function taken({ page, server, device, day }) {
	const slot = await server.freeSlot("massage", day);
	await open(page, slot.address(viewOn(device)));
	await slotOf(page, slot).click();
	await button(page, "Book this time").waitFor();
	await server.post("/v1/holds", place(slot));
	await page.locator(".alternative").nth(2).waitFor();
}

export const scenes = [
	view("week", "service=padel&view=week"),
	view("week-places", "service=massage&view=week"),
	view("day", "service=massage&view=day"),
	view("list", "service=massage&view=list"),
	view("month", "service=kayak&view=month"),
	{
		name: "home",
		async play({ page, server }) {
			for (const venue of ["clinic", "workspace"]) await server.importFile(`examples/venues/${venue}.json`, () => {});
			await page.goto(server.url);
			await page.locator(".venue-card").nth(2).waitFor();
		},
	},
	{
		name: "first-run",
		async play({ page }) {
			const empty = await new Server({ demo: false }).start();
			await page.goto(empty.url);
			await page.locator(".first-run").waitFor();
			return { after: () => empty.destroy() };
		},
	},
	{
		name: "updated",
		async play({ page, server, device, day }) {
			const slot = await server.freeSlot("padel", day);
			await open(page, slot.address(viewOn(device)));
			await server.post("/v1/holds", place(slot));
			await page.locator(".is-updated").first().waitFor();
			return { moving: true };
		},
	},
	{
		name: "refreshed",
		async play({ page, server }) {
			await open(page, `${server.url}/v/harbour?service=padel&view=week&date=${dateIn(8)}`);
			const change = (by) => server.sql(`UPDATE resource SET capacity = capacity + ${by} WHERE "key" = 'court'`);
			change(4);
			await page.locator(".refreshed").waitFor();
			return { moving: true, after: () => change(-4) };
		},
	},
	{
		name: "paused",
		async play({ page, server, device, day }) {
			const slot = await server.freeSlot("padel", day);
			await open(page, slot.address(viewOn(device)));
			await button(page, "Pause updates").click();
			await server.post("/v1/holds", place(slot));
			await page.getByText(/change[s]? waiting/).first().waitFor();
		},
	},
	{
		name: "detail",
		devices: ["desktop"],
		async play({ page, server, day }) {
			const slot = await server.freeSlot("tour", day);
			await open(page, slot.address("week"));
			await slotOf(page, slot).hover();
			await page.locator(".slot-detail").waitFor();
		},
	},
	{
		name: "date-picker",
		async play({ page, server, day }) {
			await open(page, `${server.url}/v/harbour?service=massage&date=${monday(day)}`);
			await page.locator(".date-button").click();
			await page.locator(".picker[open]").waitFor();
		},
	},
	{
		name: "filters",
		devices: ["phone"],
		async play({ page, server, day }) {
			await open(page, `${server.url}/v/harbour?service=massage&date=${monday(day)}`);
			await page.locator(".filter-line").click();
			await page.locator("dialog[open]").waitFor();
		},
	},
	{ name: "slot", play: async (stage) => void (await panel(stage, "tour")) },
	{ name: "form", play: held },
	{
		name: "conflict",
		play: taken,
	},
	{
		name: "waitlist",
		async play(stage) {
			await taken(stage);
			await button(stage.page, "Join the waitlist").click();
			await stage.page.locator(".ask[open]").waitFor();
		},
	},
	{
		name: "empty",
		async play({ page, server }) {
			await page.goto(`${server.url}/v/harbour?service=tour&view=list&date=${weekday(7, 2)}`); // the boat sails at weekends
			await page.locator(".nearest-day").first().waitFor();
		},
	},
	{ name: "confirmation", play: booked },
	{
		name: "move",
		async play(stage) {
			await booked(stage);
			await button(stage.page, "Change the time").click();
			await stage.page.locator(".move-time").nth(1).click();
		},
	},
	{
		name: "cancel",
		async play(stage) {
			await booked(stage);
			await button(stage.page, "Cancel booking").click();
			await stage.page.locator(".ask[open]").waitFor();
		},
	},
	{
		name: "cancelled",
		async play(stage) {
			await booked(stage);
			await button(stage.page, "Cancel booking").click();
			await button(stage.page, "Yes, cancel it").click();
			await heading(stage.page, "Booking cancelled");
		},
	},
	{
		name: "not-found",
		async play({ page, server }) {
			await page.goto(`${server.url}/b/AAAAAAAAAAAAAAAAAAAAAA`);
			await heading(page, "We could not find this booking");
		},
	},
	{
		name: "loading",
		async play({ page, wire, device, day }) {
			wire.stall(LIVE);
			await page.clock.install({ time: Date.now() });
			await page.goto(`${wire.url}/v/harbour?service=massage&date=${monday(day)}&view=${viewOn(device)}`);
			await page.locator(".skeleton").waitFor();
			await page.clock.runFor(300);
			await page.getByText("Loading times…").first().waitFor();
			return { moving: true };
		},
	},
	{
		name: "delayed",
		async play(stage) {
			await onTheWire(stage);
			stage.wire.stall(LIVE);
			await stage.page.clock.runFor(6_000);
			await status(stage.page, "Delayed");
		},
	},
	{
		name: "stale",
		async play(stage) {
			await onTheWire(stage);
			stage.wire.stall(LIVE);
			await stage.page.clock.runFor(31_000);
			await status(stage.page, "Out of date");
		},
	},
	{
		name: "offline",
		async play(stage) {
			await onTheWire(stage);
			await stage.wire.refuse();
			await stage.page.clock.runFor(12_000);
			await status(stage.page, "Offline");
		},
	},
	{
		name: "unavailable",
		async play({ page, server, device, day }) {
			const slot = await server.freeSlot("massage", day);
			await open(page, slot.address(viewOn(device)));
			server.database.lose();
			await status(page, "Unavailable");
			await page.locator(".banner").waitFor();
			return { after: () => server.database.find() };
		},
	},
	{
		name: "error",
		async play({ page, wire, device, day }) {
			wire.stall(LIVE);
			await page.clock.install({ time: Date.now() });
			await page.goto(`${wire.url}/v/harbour?service=massage&date=${monday(day)}&view=${viewOn(device)}`);
			await page.locator(".skeleton").waitFor();
			await page.clock.runFor(12_000);
			await page.locator(".banner", { hasText: "Availability is unavailable right now" }).waitFor();
		},
	},
	view("arabic", "service=padel&view=week&lang=ar", { live: "مباشر", devices: ["desktop"] }),
	view("arabic-list", "service=massage&view=list&lang=ar", { live: "مباشر", devices: ["phone"] }),
	view("german", "service=kayak&view=month&lang=de", { devices: ["desktop"] }),
	view("portuguese", "service=massage&view=list&lang=pt", { live: "Em direto", devices: ["phone"] }),
];
