/** Puts the sample into GraphiQL's storage, so that GraphiQL itself decides what to restore. */

import { document, VARIABLES } from "./sample";

const TABS = "graphiql:tabState";
const QUERY = "graphiql:query";
const EDITOR_VARIABLES = "graphiql:variables";
const HINT = "graphiql:hint";

/**
 * On a first visit stores the sample as what was edited last; on a later one corrects the hint in what is stored,
 * so that a sandbox that has moved is shown where it is now.
 *
 * GraphiQL's `defaultTabs` and `initialVariables` do not do: the first leaves the variables editor empty, the second
 * overrides at each visit what the developer typed.
 */
export function prepareStorage(storage: Storage, hint: string): void {
  const before = storage.getItem(HINT);
  if (storage.getItem(TABS) === null && storage.getItem(QUERY) === null) {
    storage.setItem(QUERY, document(hint));
    storage.setItem(EDITOR_VARIABLES, VARIABLES);
  } else if (before !== null && before !== hint) {
    replaceIn(storage, QUERY, before, hint);
    replaceIn(storage, TABS, escaped(before), escaped(hint));
  }
  storage.setItem(HINT, hint);
}

function replaceIn(storage: Storage, key: string, before: string, after: string): void {
  const value = storage.getItem(key);
  if (value !== null) {
    storage.setItem(key, value.replaceAll(before, () => after));
  }
}

/** The text as it stands inside a JSON string. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
