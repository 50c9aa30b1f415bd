/* A hold runs out, is made longer, is lost: what people see, and that what they typed survives it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { dateIn, fillForm, launch, open, Server, slotOf, visitor } from "./world.mjs";

const HOLD_S = 4;
const server = new Server();
let browser;

before(async () => {
	await server.start();
	await server.import({
		venue: { slug: "quick", name: "Quick Cuts", tz: "America/New_York", locale: "en", contact: { phone: "+1 212 555 0100", email: "" } },
		resources: [{ key: "chair", name: "Chair", kind: "exclusive" }],
		services: [
			{ key: "slow", name: "Long cut", durations_min: [60], step_min: 30, notice_min: 0, horizon_days: 30, hold_ttl_s: 62, party_max: 1, resources: ["chair"] },
			{ key: "cut", name: "Haircut", durations_min: [30], step_min: 30, notice_min: 0, horizon_days: 30, hold_ttl_s: HOLD_S, party_max: 1, resources: ["chair"] },
		],
		hours: [{ resource: "chair", rrule: "FREQ=DAILY", from: "09:00", to: "17:00", valid_from: "2026-01-01" }],
	});
	browser = await launch();
});
after(async () => {
	await browser?.close();
	await server.destroy();
});

async function openForm(page, day) {
	await open(page, `${server.url}/v/quick?service=cut&date=${dateIn(day)}&view=list`);
	const chip = page.locator(".chip-available").first();
	const id = await chip.getAttribute("data-slot");
	await chip.click();
	await page.getByRole("button", { name: "Book this time" }).click();
	await page.locator(".hold .ring").waitFor();
	return { id };
}

test("a venue in another zone shows its own time, its own way", async () => {
	const page = await visitor(browser, { timezoneId: "Europe/Lisbon" });
	await open(page, `${server.url}/v/quick?service=cut&date=${dateIn(2)}&view=list`);
	assert.match(await page.locator(".chip").first().textContent(), /^09:00\sAM E[SD]T/);
	await page.getByText("All times are New York time.").waitFor();
	await page.context().close();
});

test("a hold that has ended can still be confirmed while nobody else took the time", async () => {
	const page = await visitor(browser);
	await openForm(page, 3);
	await fillForm(page);
	await page.locator(".hold", { hasText: "The hold has ended" }).waitFor();
	await page.getByRole("button", { name: "Confirm booking" }).click();
	await page.getByRole("heading", { name: "You’re booked" }).waitFor();
	await page.context().close();
});

test("a hold that ended and was lost shows other times and keeps the form", async () => {
	const page = await visitor(browser);
	const slot = await openForm(page, 4);
	await fillForm(page, "Sam Slow");
	await page.locator(".hold", { hasText: "The hold has ended" }).waitFor();

	const quick = await visitor(browser);
	await open(quick, `${server.url}/v/quick?service=cut&date=${dateIn(4)}&view=list`);
	await slotOf(quick, slot).click();
	await quick.getByRole("button", { name: "Book this time" }).click();
	await fillForm(quick, "Quinn Quick");
	await quick.getByRole("button", { name: "Confirm booking" }).click();
	await quick.getByRole("heading", { name: "You’re booked" }).waitFor();

	// Nothing was pressed: the feed has said it.
	await page.getByRole("heading", { name: "Your hold ended and the time was taken" }).waitFor();
	assert.ok(await page.getByRole("button", { name: "Confirm booking" }).isDisabled());
	assert.ok(await page.locator(".conflict").evaluate((panel) => panel === document.activeElement), "the panel takes the focus");
	assert.equal(await page.getByLabel("Name").inputValue(), "Sam Slow");
	await page.locator(".alternative").first().click();
	await page.locator(".hold .ring").waitFor();
	await page.getByRole("button", { name: "Confirm booking" }).click();
	await page.getByRole("heading", { name: "You’re booked" }).waitFor();
	await page.context().close();
	await quick.context().close();
});

test("Extend gives the whole time again, three times, and then says that it is enough", async () => {
	const page = await visitor(browser);
	await openForm(page, 5);
	const extend = page.getByRole("button", { name: "Extend" });
	for (let n = 0; n < 3; n++) {
		await page.locator(".hold-time", { hasText: `0:0${HOLD_S - 1}` }).waitFor();
		await extend.click();
		await page.locator(".hold-time", { hasText: `0:0${HOLD_S} ` }).waitFor();
	}
	await extend.click();
	await page.locator(".failure").getByText("This hold cannot be extended further.").waitFor();
	await page.context().close();
});

test("a minute before its end the hold says so, aloud, and one key gives it more time", async () => {
	const page = await visitor(browser);
	await open(page, `${server.url}/v/quick?service=slow&date=${dateIn(7)}&view=list`);
	await page.locator(".chip-available").first().click();
	await page.getByRole("button", { name: "Book this time" }).click();
	await page.locator(".hold .ring").waitFor();
	await page.locator("dialog .unseen div:last-child", { hasText: "One minute left of your hold. Press Alt and Enter for more time." }).waitFor({ state: "attached" });
	assert.ok(Number((await page.locator(".hold-time").textContent()).match(/(\d+):(\d\d)/)?.[1]) >= 1, "a whole minute is left");
	assert.equal(await page.evaluate(() => document.activeElement.name), "name", "nothing takes the focus away");
	await page.keyboard.press("Alt+Enter");
	await page.locator(".hold-time", { hasText: "1:02" }).waitFor();
	assert.equal(await page.locator(".fault").count(), 0, "nothing is sent by it");
	await page.context().close();
});

test("a reload in the middle of the form finds the hold, its time and what was typed", async () => {
	const page = await visitor(browser);
	await openForm(page, 6);
	await fillForm(page, "Rita Reload");
	await page.locator(".hold-time", { hasText: `0:0${HOLD_S - 1}` }).waitFor();
	await page.reload();
	await page.locator(".hold", { hasText: "left" }).waitFor();
	assert.ok(!(await page.locator(".hold-time").textContent()).includes(`0:0${HOLD_S} `), "the time goes on, it does not begin again");
	assert.equal(await page.getByLabel("Name").inputValue(), "Rita Reload");
	await page.getByRole("button", { name: "Confirm booking" }).click();
	await page.getByRole("heading", { name: "You’re booked" }).waitFor();
	await page.context().close();
});

test("an address that names no booking or venue says so", async () => {
	const page = await visitor(browser);
	await page.goto(`${server.url}/b/AAAAAAAAAAAAAAAAAAAAAA`);
	await page.getByRole("heading", { name: "We could not find this booking" }).waitFor();
	await page.goto(`${server.url}/v/nowhere`);
	await page.getByRole("heading", { name: "No such venue" }).waitFor();
	assert.deepEqual(page.complaints, []);
	await page.context().close();
});

test("a service without times this week finds its next free one", async () => {
	const page = await visitor(browser);
	server.sql("UPDATE service SET notice_min = 60 * 24 * 9 WHERE \"key\" = 'cut'");
	await page.goto(`${server.url}/v/quick?service=cut&date=${dateIn(0)}&view=day`);
	await page.getByRole("group", { name: "Nearest free times" }).getByRole("button").first().click();
	await page.locator("[data-slot]").first().waitFor();
	assert.ok(new URL(page.url()).searchParams.get("date") >= dateIn(8));
	await page.context().close();
});
