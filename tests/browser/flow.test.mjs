/* From a slot to a booking, and the booking's own page: what is certain, what is not, and that nothing typed is ever lost. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertAccessible, dateIn, fillForm, focused, focusOn, gate, hears, launch, open, openForm, Server, slotOf, visitor } from "./world.mjs";

const server = new Server();
let browser;

before(async () => {
	await server.start();
	browser = await launch();
});
after(async () => {
	await browser?.close();
	await server.destroy();
});

const done = async (...pages) => {
	for (const page of pages) {
		assert.deepEqual(page.complaints, []);
		await page.context().close();
	}
};
const heading = (page, name) => page.getByRole("heading", { name }).waitFor();
const button = (page, name) => page.getByRole("button", { name });
const placeOf = ({ service, resource, start }) => ({ service, resource, start });

/** A booking that somebody made, and its page. */
async function booked(day, party = 1, key = "massage") {
	const slot = await server.freeSlot(key, day);
	const answer = await server.post("/v1/bookings", { ...placeOf(slot), party, customer: { name: "Ana", email: "ana@example.org" } });
	assert.equal(answer.status, 201);
	const booking = await answer.json();
	const page = await visitor(browser);
	await page.goto(`${server.url}/b/${booking.ref}`);
	await heading(page, "You’re booked");
	return { page, booking, slot };
}

/** Exactly one answer is a gateway's error; collects the keys of all requests to that path. */
async function failOnce(page, path, method = "POST") {
	const keys = [];
	await page.route(path, (route) => {
		if (route.request().method() !== method) return route.fallback();
		keys.push(route.request().headers()["idempotency-key"]);
		if (keys.length > 1) return route.fallback();
		return route.fulfill({ status: 500, headers: { "X-Request-Id": "gateway-7" }, contentType: "text/html", body: "<h1>Internal error</h1>" });
	});
	return keys;
}

test("a newcomer books with three presses and two words", async () => {
	const page = await visitor(browser);
	const slot = await server.freeSlot("massage", 8);
	await open(page, slot.address("list"));
	await slotOf(page, slot).click();
	await button(page, "Book this time").waitFor();
	await focusOn(page, "Book this time");
	await page.keyboard.press("Enter");
	await page.locator(".form").waitFor();
	await focusOn(page, "name");
	const inputs = await page.locator(".form input").evaluateAll((list) => list.map((input) => `${input.name} ${input.type} ${input.autocomplete}`));
	assert.deepEqual(inputs, ["name text name", "email email email"]);
	await page.keyboard.type("Nia New");
	await page.keyboard.press("Tab");
	await page.keyboard.type("nia@example.org");
	await page.keyboard.press("Enter"); // before or after the hold has come, it does not matter
	await heading(page, "You’re booked");
	await page.waitForFunction(() => document.activeElement?.localName === "h1");
	await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
	await button(page, "Copy link").click();
	await button(page, "Copied").waitFor();
	assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());
	await done(page);
});

test("what this browser has booked is shown as one's own, leads to the booking, and is forgotten when it is cancelled", async () => {
	const [page, other] = [await visitor(browser), await visitor(browser)];
	const slot = await server.freeSlot("massage", 34);
	await open(page, slot.address("list"));
	await openForm(page, slot);
	await fillForm(page);
	await button(page, "Confirm booking").click();
	await heading(page, "You’re booked");
	const address = page.url();
	await open(page, slot.address("list"));
	await page.locator(`.chip-mine[data-slot="${slot.id}"]`, { hasText: "Yours" }).waitFor();
	await open(page, slot.address("week"));
	await page.locator(`[data-slot="${slot.id}"][data-state=mine], [data-slot="${slot.id}"][aria-label*=Yours]`).waitFor();
	await slotOf(page, slot).focus();
	await page.keyboard.press("Enter");
	await page.locator(".own").waitFor();
	await assertAccessible(page, "one's own time");
	assert.equal(await page.locator(".conflict").count(), 0);
	await open(other, slot.address("list"));
	await other.locator(`.chip-booked[data-slot="${slot.id}"]`, { hasText: "Booked" }).waitFor();
	await page.getByRole("link", { name: "Open your booking" }).click();
	await heading(page, "You’re booked");
	assert.equal(page.url(), address);
	await button(page, "Cancel booking").click();
	await button(page, "Yes, cancel it").click();
	await heading(page, "Booking cancelled");
	assert.equal(await page.evaluate(() => localStorage.getItem("booked")), null);
	await done(page, other);
});

test("holding is shown at once, and the slot is mine when the feed has said so", async () => {
	const page = await visitor(browser);
	const line = await gate(page);
	const slot = await server.freeSlot("massage", 9);
	await open(page, slot.address("list"));
	line.shut();
	await slotOf(page, slot).click();
	await button(page, "Book this time").click();
	await page.getByText("Held for you. The calendar is catching up.").waitFor();
	assert.equal(await page.locator(".hold").getAttribute("data-shown"), "false");
	assert.ok(!(await slotOf(page, slot).textContent()).includes("Yours"));
	line.open();
	await page.locator(".hold[data-shown=true]").waitFor();
	assert.ok((await slotOf(page, slot).textContent()).includes("Yours"));
	await done(page);
});

test("a time that is taken while its panel is open says so at once, with other times", async () => {
	const page = await visitor(browser);
	const slot = await server.freeSlot("massage", 10);
	await open(page, slot.address("list"));
	await slotOf(page, slot).click();
	await button(page, "Book this time").waitFor();
	assert.equal((await server.post("/v1/holds", placeOf(slot))).status, 201);
	await heading(page, "This time has just been taken");
	assert.ok(await page.locator(".conflict").evaluate((panel) => panel === document.activeElement));
	await page.locator(".alternative").nth(2).waitFor();
	for (const words of await page.locator(".alternative").allTextContents()) assert.match(words, /\d\d:\d\d.*€\d+/);
	await assertAccessible(page, "taken");
	await page.locator(".alternative").first().click();
	await page.locator(".hold .ring").waitFor();
	await fillForm(page);
	await button(page, "Confirm booking").click();
	await heading(page, "You’re booked");
	await done(page);
});

test("party and length can be changed in the panel, and are what is held", async () => {
	const page = await visitor(browser);
	const slot = await server.freeSlot("tour", 11);
	await open(page, slot.address("list"));
	await slotOf(page, slot).click();
	await page.locator(".sheet").getByRole("button", { name: "More people" }).click();
	await page.locator(".sheet").getByText("€35 per person, €70 in all").waitFor();
	await button(page, "Book this time").click();
	await page.locator(".hold .ring").waitFor();
	await fillForm(page);
	await button(page, "Confirm booking").click();
	await heading(page, "You’re booked");
	await page.locator(".fact", { hasText: "2 people" }).waitFor();
	const massage = await server.freeSlot("massage", 12);
	await open(page, massage.address("list"));
	await slotOf(page, massage).click();
	await page.locator(".sheet .segment").first().click();
	await page.locator(".when-facts", { hasText: "30 min" }).waitFor();
	await page.locator(".sheet").getByText("€45").waitFor();
	await done(page);
});

test("the conflict panel leads to the waitlist, with what was typed", async () => {
	const [page, other] = [await visitor(browser), await visitor(browser)];
	const slot = await server.freeSlot("massage", 13);
	for (const [who, rank] of [[page, "1st"], [other, "2nd"]]) {
		const line = await gate(who);
		await open(who, slot.address("list"));
		line.shut();
		if (who === page) assert.equal((await server.post("/v1/holds", placeOf(slot))).status, 201);
		await openForm(who, slot);
		await who.locator(".conflict").waitFor();
		if (who === page) await fillForm(who, "Wanda Waits");
		await button(who, "Join the waitlist").click();
		await who.locator(".ask[open]").waitFor();
		if (who === page) {
			assert.equal(await who.getByLabel("Name").inputValue(), "Wanda Waits");
			await assertAccessible(who, "waitlist");
		} else {
			await who.locator(".ask .primary").click();
			assert.equal(await who.locator(".fault").count(), 2);
			await focusOn(who, "name");
			await fillForm(who, "Sven Second");
			await who.getByLabel("Email").fill("sven@example.org");
		}
		await who.locator(".span").nth(1).click();
		await who.locator(".ask .primary").click();
		await heading(who, `You are ${rank} in line for Massage`);
		assert.match(await who.locator(".joined-when").textContent(), /^\w+ \d+ \w+$/, "the day that was chosen");
		await who.getByText("Nothing is booked by itself.").waitFor();
		await button(who, "Back to the times").click();
		await who.locator(".ask").waitFor({ state: "detached" });
		line.open();
	}
	await done(page, other);
});

for (const [step, path] of [["hold", "**/v1/holds"], ["confirm", "**/v1/bookings"]]) {
	test(`an error of the server at ${step}: its number, nothing lost, the same key again`, async () => {
		const page = await visitor(browser);
		const slot = await server.freeSlot("massage", step === "hold" ? 14 : 15);
		await open(page, slot.address("list"));
		const keys = await failOnce(page, path);
		await openForm(page, slot);
		if (step === "confirm") await page.locator(".hold .ring").waitFor();
		await fillForm(page, "Erna Error");
		if (step === "confirm") await button(page, "Confirm booking").click();
		await page.locator(".failure", { hasText: "Request gateway-7" }).waitFor();
		await page.locator(".failure").getByText("Something went wrong on our side.").waitFor();
		await assertAccessible(page, `error at ${step}`);
		assert.equal(await page.getByLabel("Name").inputValue(), "Erna Error");
		if (step === "hold") {
			await button(page, "Try again").click();
			await page.locator(".hold .ring").waitFor();
		}
		await button(page, "Confirm booking").click();
		await heading(page, "You’re booked");
		assert.equal(keys.length, 2);
		assert.equal(keys[0], keys[1]);
		await done(page);
	});
}

test("an error of the server at the waitlist: its number, nothing lost, the same key again", async () => {
	const page = await visitor(browser);
	const slot = await server.freeSlot("massage", 34);
	assert.equal((await server.post("/v1/holds", placeOf(slot))).status, 201);
	await open(page, slot.address("list"));
	const keys = await failOnce(page, "**/v1/waitlist");
	await slotOf(page, slot).click();
	await button(page, "Join the waitlist").click();
	await page.locator(".ask[open]").waitFor();
	await fillForm(page, "Wally Waits");
	await page.locator(".ask .primary").click();
	await page.locator(".ask .failure", { hasText: "Request gateway-7" }).waitFor();
	await assertAccessible(page, "error at the waitlist");
	assert.equal(await page.getByLabel("Name").inputValue(), "Wally Waits");
	await page.locator(".ask .primary").click();
	await heading(page, /^You are \d+\w\w in line for Massage/);
	assert.equal(keys.length, 2);
	assert.equal(keys[0], keys[1]);
	await done(page);
});

test("a server that is slow to answer a Confirm: a calm sentence in the form, and aloud", async () => {
	const page = await visitor(browser);
	const slot = await server.freeSlot("massage", 35);
	await open(page, slot.address("list"));
	await openForm(page, slot);
	await page.locator(".hold[data-shown=true]").waitFor();
	await fillForm(page);
	let answer = () => {};
	await page.route("**/v1/bookings", (route) => void (answer = () => route.fallback()));
	await button(page, "Confirm booking").click();
	await page.locator(".form .slow", { hasText: "The server is slow to answer. Nothing is lost; please wait." }).waitFor();
	await hears(page, "The server is slow to answer. Nothing is lost; please wait.");
	answer();
	await heading(page, "You’re booked");
	await done(page);
});

test("a server that is gone while the form is open: the form stays, and books when it is back", async () => {
	const page = await visitor(browser);
	const slot = await server.freeSlot("massage", 16);
	await open(page, slot.address("list"));
	await openForm(page, slot);
	await page.locator(".hold .ring").waitFor();
	await fillForm(page, "Olga Offline");
	await server.stop("SIGKILL");
	await button(page, "Confirm booking").click();
	await page.locator(".failure", { hasText: "The server did not answer. Nothing is lost" }).waitFor();
	await server.start();
	await page.locator(".form button[type=submit]:not([disabled])").waitFor();
	assert.equal(await page.getByLabel("Name").inputValue(), "Olga Offline");
	await button(page, "Confirm booking").click();
	await heading(page, "You’re booked");
	await done(page);
});

test("a hold that is given back in another window is asked for again", async () => {
	const page = await visitor(browser);
	const slot = await server.freeSlot("massage", 17);
	await open(page, slot.address("list"));
	const answer = page.waitForResponse((response) => response.url().endsWith("/v1/holds"));
	await openForm(page, slot);
	const { ref } = await (await answer).json();
	await page.locator(".hold[data-shown=true]").waitFor();
	await fillForm(page);
	assert.equal((await server.post(`/v1/holds/${ref}:release`, {})).status, 200);
	await page.locator(".hold", { hasText: "The hold has ended" }).waitFor();
	await button(page, "Confirm booking").click();
	await heading(page, "You’re booked");
	await done(page);
});

test("who holds a time in one tab is told so in another", async () => {
	const page = await visitor(browser);
	const slot = await server.freeSlot("massage", 31);
	await open(page, slot.address("list"));
	await openForm(page, slot);
	await page.locator(".hold[data-shown=true]").waitFor();
	const second = await page.context().newPage();
	await open(second, slot.address("list"));
	await openForm(second, slot);
	await heading(second, "You hold this time in another window of yours");
	await second.close();
	await fillForm(page);
	await button(page, "Confirm booking").click();
	await heading(page, "You’re booked");
	assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith("hold "))), []);
	await done(page);
});

test("no accessibility fault from the panel to the cancelled booking", async () => {
	const page = await visitor(browser);
	const slot = await server.freeSlot("tour", 32);
	const check = (where) => assertAccessible(page, where);
	await open(page, slot.address("list"));
	await slotOf(page, slot).click();
	await button(page, "Book this time").waitFor();
	await check("panel");
	await button(page, "Book this time").click();
	await page.locator(".hold[data-shown=true]").waitFor();
	await button(page, "Add a phone number").click();
	await button(page, "Confirm booking").click();
	await page.locator(".fault").first().waitFor();
	await check("form");
	await fillForm(page);
	await button(page, "Confirm booking").click();
	await heading(page, "You’re booked");
	await check("booked");
	await button(page, "Change the time").click();
	await page.locator(".move-list").waitFor();
	await check("move");
	await button(page, "Keep the time as it is").click();
	await button(page, "Cancel booking").click();
	await page.locator(".ask[open]").waitFor();
	await check("question");
	await button(page, "Yes, cancel it").click();
	await heading(page, "Booking cancelled");
	await check("cancelled");
	const massage = await server.freeSlot("massage", 33);
	await server.post("/v1/holds", placeOf(massage));
	await open(page, massage.address("list"));
	await slotOf(page, massage).click();
	await page.locator(".alternative").first().waitFor();
	await check("booked slot");
	await button(page, "Join the waitlist").click();
	await page.locator(".ask[open]").waitFor();
	await check("waitlist");
	await page.locator(".ask .primary").click();
	await heading(page, /^You are \d+\w\w in line/);
	await check("in line");
	await done(page);
});

test("a booking is moved, keeps its reference, and its other window follows", async () => {
	const { page, booking } = await booked(18);
	const second = await page.context().newPage();
	await second.goto(page.url());
	await heading(second, "You’re booked");
	await button(page, "Change the time").click();
	await focusOn(page, "Choose another time");
	await page.locator(".move-time").first().waitFor();
	await assertAccessible(page, "move");
	const time = (await page.locator(".move-time").nth(1).textContent()).trim();
	await page.locator(".move-time").nth(1).click();
	await button(page, /^Move to .*\d\d:\d\d/).click();
	await heading(page, new RegExp(`^Moved to .*${time}`));
	await focusOn(page, /^Moved to/);
	const file = await page.getByRole("link", { name: "Update calendar" }).getAttribute("href");
	const entry = await (await fetch(server.url + file)).text();
	assert.match(entry, new RegExp(`SEQUENCE:${booking.version + 1}\\r`));
	await heading(second, new RegExp(`^Moved to .*${time}`));
	await second.locator(".changed", { hasText: "This booking was changed elsewhere." }).waitFor();
	const now = await server.get(`/v1/bookings/${booking.ref}`);
	assert.equal(now.version, booking.version + 1);
	assert.notEqual(now.start, booking.start);
	await done(page);
});

test("moving what was moved meanwhile says how it stands", async () => {
	const { page, booking, slot } = await booked(19);
	await page.route("**/v1/live**", (route) => route.abort()); // what comes now is not heard
	await button(page, "Change the time").click();
	await page.locator(".move-time").nth(1).click();
	const { slots } = await server.get(`/v1/availability?service=${slot.service}&resource=${slot.resource}&from=${dateIn(22)}&to=${dateIn(27)}`);
	const start = slots.find(({ state }) => state === "available").start;
	const answer = page.waitForResponse((response) => response.request().method() === "PATCH");
	await page.route("**/v1/bookings/*", async (route) => {
		if (route.request().method() === "PATCH") {
			const moved = await fetch(`${server.url}/v1/bookings/${booking.ref}`, {
				method: "PATCH",
				headers: { "Content-Type": "application/json", "If-Match": `"${booking.version}"` },
				body: JSON.stringify({ start }),
			});
			assert.equal(moved.status, 200);
		}
		await route.fallback();
	});
	await button(page, /^Move to/).click();
	assert.equal((await answer).status(), 412);
	await page.locator(".changed").getByText("The booking was changed meanwhile. This is how it stands now.").waitFor();
	await heading(page, /^Moved to/);
	await done(page);
});

test("a time lost while moving brings alternatives, and one press takes one", async () => {
	const { page, slot } = await booked(24);
	const line = { held: null };
	await button(page, "Change the time").click();
	await page.locator(".move-time").first().waitFor();
	await page.route("**/v1/bookings/*", async (route) => {
		if (route.request().method() === "PATCH" && line.held === null) {
			const { start } = route.request().postDataJSON();
			line.held = (await server.post("/v1/holds", { service: slot.service, resource: slot.resource, start })).status;
		}
		await route.fallback();
	});
	await page.locator(".move-time").nth(1).click();
	await button(page, /^Move to/).click();
	await page.locator(".conflict").waitFor();
	assert.equal(line.held, 201);
	await page.locator(".alternative").first().click();
	await heading(page, /^Moved to/);
	await done(page);
});

test("what the operator does to the booking in the database is on its page by itself", async () => {
	const { page, booking } = await booked(25);
	server.sql(`UPDATE booking SET state = 'cancelled', version = version + 1 WHERE ref = '${booking.ref}'`);
	await heading(page, "Booking cancelled");
	await page.locator(".changed .tag", { hasText: "Updated" }).waitFor();
	assert.equal(await button(page, "Cancel booking").count(), 0);
	await assertAccessible(page, "cancelled elsewhere");
	await done(page);
});

test("an error while cancelling leaves the booking as it was", async () => {
	const { page } = await booked(26);
	const keys = await failOnce(page, "**/v1/bookings/*:cancel");
	await button(page, "Cancel booking").click();
	await focusOn(page, "Keep it");
	await button(page, "Yes, cancel it").click();
	await page.locator(".failure").getByText("We could not cancel the booking. It still stands.").waitFor();
	await page.getByText("Request gateway-7").waitFor();
	await button(page, "Yes, cancel it").click();
	await heading(page, "Booking cancelled");
	await focusOn(page, "Booking cancelled");
	assert.equal(keys[0], keys[1]);
	const file = await page.getByRole("link", { name: "Remove from calendar" }).getAttribute("href");
	assert.match(await (await fetch(server.url + file)).text(), /STATUS:CANCELLED/);
	await done(page);
});

test("move, cancel and wait by keyboard alone", async () => {
	const { page } = await booked(27);
	const tabTo = async (name) => {
		for (let n = 0; n < 40; n++) {
			await page.keyboard.press("Tab");
			if (name.test(await focused(page))) return;
		}
		assert.fail(`Tab never came to ${name}; last on ${await focused(page)}`);
	};
	await tabTo(/^Change the time/);
	await page.keyboard.press("Enter");
	await page.locator(".move-time").first().waitFor();
	await tabTo(/^move-day$/);
	await page.keyboard.press("ArrowRight");
	await page.locator(".move-time").first().waitFor();
	await tabTo(/^move-time$/);
	await page.keyboard.press("Space");
	await tabTo(/^Move to/);
	await page.keyboard.press("Enter");
	await heading(page, /^Moved to/);
	await tabTo(/^Cancel booking/);
	await page.keyboard.press("Enter");
	await page.locator(".ask[open]").waitFor();
	await page.keyboard.press("Tab");
	await page.keyboard.press("Enter");
	await heading(page, "Booking cancelled");

	const slot = await server.freeSlot("massage", 28);
	assert.equal((await server.post("/v1/holds", placeOf(slot))).status, 201);
	await open(page, slot.address("list"));
	await slotOf(page, slot).focus();
	await page.keyboard.press("Enter");
	await page.locator(".alternative").first().waitFor();
	await tabTo(/^Join the waitlist/);
	await page.keyboard.press("Enter");
	await page.locator(".ask[open]").waitFor();
	await focusOn(page, "span");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Tab");
	await page.keyboard.type("Kim Keys");
	await page.keyboard.press("Tab");
	await page.keyboard.type("kim@example.org");
	await page.keyboard.press("Enter");
	await heading(page, /^You are \d+(st|nd|rd|th) in line for Massage/);
	await done(page);
});

test("a booking whose server is away says so, with whom to call, and comes back by itself", async () => {
	const { page } = await booked(29);
	await server.stop("SIGKILL");
	await page.evaluate(() => dispatchEvent(new Event("online"))); // the page is looked at again
	await page.locator(".changed-away").waitFor();
	await page.locator(".contact", { hasText: "+351" }).waitFor();
	await server.start();
	await page.locator(".changed-away").waitFor({ state: "detached" });
	await done(page);
});
