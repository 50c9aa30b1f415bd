/* How to reach the venue without this page. */
import type { JSX } from "preact";
import type { Venue } from "../sync/index.js";
import { Icon } from "./icons.js";

export function Contact({ model }: { readonly model: { readonly venue: Venue } }): JSX.Element | null {
	const { phone, email } = model.venue.contact;
	if (!phone && !email) return null;
	return (
		<p class="contact">
			{phone && (
				<a href={`tel:${phone.replace(/[^+\d]/g, "")}`}>
					<Icon name="phone" />
					<bdi dir="ltr">{phone}</bdi>
				</a>
			)}
			{email && (
				<a href={`mailto:${email}`}>
					<Icon name="mail" />
					<bdi dir="ltr">{email}</bdi>
				</a>
			)}
		</p>
	);
}
