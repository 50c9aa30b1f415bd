/* What a service costs, in words; "" where the venue shows no price. */
import type { Service } from "../../sync/index.js";
import type { VenueModel } from "../model.js";
import { text } from "../text/index.js";

type Pricing = Pick<VenueModel, "venue" | "format">;

export function priceFor({ venue, format }: Pricing, service: Service, minutes: number | null, party: number): string {
	const { pricesMinor: prices, durationsMin } = service;
	const minor = prices.length > 1 ? prices[Math.max(0, durationsMin.indexOf(minutes ?? 0))] : prices[0];
	if (minor === undefined || !venue.currency) return "";
	const money = format.money(minor, venue.currency);
	if (service.pricePer === "booking" || service.partyMax === 1) return money;
	return party > 1 ? text.price.perPersonOf(money, format.money(minor * party, venue.currency)) : text.price.perPerson(money);
}

export function priceFrom({ venue, format }: Pricing, { pricesMinor: prices, pricePer, partyMax }: Service): string {
	if (prices.length === 0 || !venue.currency) return "";
	const least = Math.min(...prices);
	const money = format.money(least, venue.currency);
	const words = pricePer === "person" && partyMax > 1 ? text.price.perPerson(money) : money;
	return prices.some((price) => price !== least) ? text.price.from(words) : words;
}
