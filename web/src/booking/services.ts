/* The page's one client. It connects when something is first subscribed to. */
import { createClient, defaultEnvironment } from "../sync/index.js";
import type { Api, Environment, LiveClient } from "../sync/index.js";

export const environment: Environment = defaultEnvironment();

const client = createClient({ url: "", environment });

export const api: Api = client.api;

export const connectLive = (): LiveClient => client;
