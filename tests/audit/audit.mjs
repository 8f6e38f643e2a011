// Holds a server against GraphQL over HTTP: node audit.mjs URL. Exits with 1 unless every audit passes, those that
// the specification only recommends included; with 2 where the audits could not be run.

import { serverAudits } from "graphql-http";

const EXPECTED = 61; // of graphql-http 1.23.1: an audit that vanishes with an update must not go unnoticed
const DEADLINE_MILLISECONDS = 10_000;
const SHOWN_CHARACTERS = 300;

const url = process.argv[2];
if (!URL.canParse(url)) {
  stop("usage: node audit.mjs URL, as in http://127.0.0.1:8000/graphql");
}

const audits = serverAudits({ url, fetchFn: fetchWhole });
let passed = 0;
for (const audit of audits) {
  const result = await audit.fn().catch((error) => stop(`${audit.name}: ${error.cause?.code ?? error.message}`));
  if (result.status === "ok") {
    passed += 1;
  } else {
    console.error(await described(result));
  }
}
console.log(`${passed} of ${EXPECTED} audits passed`);
process.exitCode = passed === EXPECTED && audits.length === EXPECTED ? 0 : 1;

/** Reads the body before the audit does: an unread one would hold its connection. */
async function fetchWhole(address, init) {
  const response = await fetch(address, { ...init, signal: AbortSignal.timeout(DEADLINE_MILLISECONDS) });
  const body = await response.arrayBuffer();
  return new Response(body.byteLength > 0 ? body : null, { status: response.status, headers: response.headers });
}

async function described({ status, id, name, reason, response }) {
  const body = response.bodyUsed ? "" : (await response.text()).slice(0, SHOWN_CHARACTERS);
  const answer = `${response.status} ${response.headers.get("content-type") ?? "without a content type"} ${body}`;
  return `${status.toUpperCase()} ${id} ${name}\n  ${reason}\n  answered ${answer.trim()}`;
}

function stop(message) {
  console.error(message);
  process.exit(2);
}
