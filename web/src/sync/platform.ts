/*
 * The few shapes of the platform that the client touches, so that it compiles without any DOM types (tsconfig.json of this
 * folder has none) and a test, a worker or Node can stand in for a browser. Every member is optional: what is missing costs
 * a road or the sharing of one, never the client.
 */
export interface EventLike {
	readonly type: string;
	readonly data?: unknown;
}

export interface TargetLike {
	addEventListener(type: string, listener: (event: EventLike) => void): void;
}

export interface SocketLike extends TargetLike {
	readonly readyState: number;
	send(text: string): void;
	close(): void;
}

export interface SourceLike extends TargetLike {
	readonly readyState: number;
	close(): void;
}

export interface ChannelLike extends TargetLike {
	postMessage(data: unknown): void;
	close(): void;
}

export interface LocksLike {
	request(name: string, options: { readonly signal: object }, run: () => Promise<void>): Promise<unknown>;
}

export interface FetchInit {
	readonly method?: string;
	readonly headers?: object;
	readonly body?: unknown;
	readonly signal?: object | null;
}

export interface ResponseLike {
	readonly ok: boolean;
	readonly status: number;
	readonly headers: { get(name: string): string | null };
	text(): Promise<string>;
}

/** A method's type, so that the platform's own fetch, which asks more of its second argument, fits. */
export type FetchLike = { fetch(url: string, init?: FetchInit): Promise<ResponseLike> }["fetch"];

/** Anything shaped like sessionStorage. */
export interface KeyStorage {
	getItem(name: string): string | null;
	setItem(name: string, value: string): void;
	removeItem(name: string): void;
}

export interface AbortLike {
	readonly signal: object;
	abort(): void;
}

export type SocketClass = new (url: string, protocol: string) => SocketLike;
export type SourceClass = new (url: string) => SourceLike;

interface Platform {
	readonly WebSocket?: SocketClass;
	readonly EventSource?: SourceClass;
	readonly BroadcastChannel?: new (name: string) => ChannelLike;
	readonly AbortController: new () => AbortLike;
	readonly fetch?: FetchLike;
	readonly navigator?: { readonly locks?: LocksLike };
	readonly location?: { readonly origin: string };
	readonly sessionStorage?: KeyStorage;
	readonly crypto?: { getRandomValues(bytes: Uint8Array): Uint8Array };
	readonly addEventListener?: (type: string, listener: () => void) => void;
	readonly removeEventListener?: (type: string, listener: () => void) => void;
	readonly requestAnimationFrame?: (run: () => void) => unknown;
	readonly setTimeout: (run: () => void, ms: number) => unknown;
	readonly clearTimeout: (timer: unknown) => void;
}

export const platform = globalThis as unknown as Platform;
