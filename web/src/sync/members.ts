/*
 * The leader's side of a shared connection (shared.ts): who its members are, what each has asked for, and when one is gone.
 */
import type { ChannelLike, LocksLike } from "./platform.js";
import type { AvailabilityQuery, Transport } from "./transport.js";

export interface Ask {
	readonly id: string;
	readonly query: AvailabilityQuery;
	readonly after: string | null;
}

/** What is said on the channels. `asks` and `drops` are a member's words to the leader, the others are the leader's. */
export interface Said {
	readonly from: string;
	readonly asks?: readonly Ask[];
	readonly drops?: readonly string[];
	/** the leader is here, and its connection is open or not */
	readonly open?: boolean;
	readonly data?: unknown;
	/** whose data it is; absent: everybody's */
	readonly id?: string;
}

export interface Members {
	/** A member's words; `open` is what he is told. */
	hear(said: Said, open: boolean): void;
	give(member: string, id: string, data: unknown): void;
	close(): void;
}

interface Member {
	readonly channel: ChannelLike;
	readonly ids: Set<string>;
}

interface Meeting {
	readonly me: string;
	readonly locks: LocksLike;
	readonly signal: object;
	/** A member's own channel, and the lock that he holds while he lives. */
	readonly nameOf: (member: string) => string;
	readonly channel: (name: string) => ChannelLike;
	readonly transport: () => Transport | null;
}

export function createMembers({ me, locks, signal, nameOf, channel, transport }: Meeting): Members {
	const members = new Map<string, Member>();

	const bury = (from: string, { ids, channel }: Member): void => {
		for (const id of ids) transport()?.unsubscribe(id);
		channel.close();
		members.delete(from);
	};
	const admit = (from: string): Member => {
		const member = { channel: channel(nameOf(from)), ids: new Set<string>() };
		members.set(from, member);
		// Granted when he is gone. Refused when we are, or where locks are refused: then none of this happens.
		locks.request(nameOf(from), { signal }, async () => bury(from, member)).catch(() => {});
		return member;
	};
	return {
		hear({ from, asks = [], drops = [] }, open) {
			const { channel, ids } = members.get(from) ?? admit(from);
			channel.postMessage({ from: me, open });
			for (const ask of asks) {
				ids.add(ask.id);
				transport()?.subscribe(ask);
			}
			for (const id of drops) if (ids.delete(id)) transport()?.unsubscribe(id);
		},
		give: (member, id, data) => members.get(member)?.channel.postMessage({ from: me, id, data }),
		close() {
			for (const { channel } of members.values()) channel.close();
			members.clear();
		},
	};
}
