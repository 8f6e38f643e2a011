/** The page of GET /graphql: GraphiQL with a first tab that signs in. */

import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";

import { HEADERS, hint } from "./sample";
import { prepareStorage } from "./storage";

const fetcher = createGraphiQLFetcher({ url: "/graphql", enableIncrementalDelivery: false });

const sandbox = document.querySelector<HTMLMetaElement>('meta[name="appletql-sandbox"]')?.content ?? null;
prepareStorage(localStorage, hint(sandbox));

const container = document.getElementById("graphiql");
if (container === null) {
  throw new Error("The page has no element with the id graphiql.");
}
createRoot(container).render(
  // The Authorization header is a session: it stays in memory and dies with the page. `shouldPersistHeaders` would
  // write it to local storage, and so would the history plugin, which keeps each request's headers whatever the
  // setting says: hence no plugins.
  <GraphiQL fetcher={fetcher} defaultHeaders={HEADERS} shouldPersistHeaders={false} plugins={[]}>
    <GraphiQL.Logo>AppletQL</GraphiQL.Logo>
  </GraphiQL>,
);
