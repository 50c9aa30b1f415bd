/*
 * The client SDK: no framework, no DOM beyond WebSocket, EventSource and fetch. Sees rows and outcomes; draws nothing.
 */
export * from "./api.js";
export * from "./decode.js";
export { browserEnvironment, type Environment } from "./environment.js";
export { createLiveClient, type Availability, type LiveClient } from "./live.js";
export * from "./result.js";
export { sameSlot, type SlotBatch, type SlotChange, type SlotStore } from "./slots.js";
export { BOOKABLE, type Status, type StatusState } from "./status.js";
export { sseTransport, webSocketTransport, type AvailabilityQuery } from "./transport.js";
