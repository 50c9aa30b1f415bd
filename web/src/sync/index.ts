/*
 * The client SDK: no framework, and of the platform only what platform.ts names. Sees rows and outcomes; draws nothing.
 */
export * from "./api.js";
export { createClient, type Client, type ClientOptions, type Road } from "./client.js";
export * from "./decode.js";
export { defaultEnvironment, type Environment } from "./environment.js";
export { createLiveClient, type Availability, type LiveClient } from "./live.js";
export type * from "./platform.js";
export { pollTransport } from "./poll.js";
export * from "./result.js";
export { platformSharing, sharedTransport, type Sharing } from "./shared.js";
export { sameSlot, type SlotBatch, type SlotChange, type SlotStore } from "./slots.js";
export { sseTransport } from "./sse.js";
export { BOOKABLE, type Status, type StatusState } from "./status.js";
export type { AvailabilityQuery, Connect, Subscribe, Transport, TransportEvents } from "./transport.js";
export { webSocketTransport } from "./websocket.js";
