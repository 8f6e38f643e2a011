/** Builds each page of the server, one HTML file a page, with everything it needs: no other host is asked at run time. */

import { defineConfig } from "vite";

export default defineConfig({
  base: "/static/graphiql/",
  publicDir: false,
  build: {
    outDir: "../server/static/graphiql",
    emptyOutDir: true,
    // Monaco is one chunk of this size by nature; it is loaded from the server that shows the page.
    chunkSizeWarningLimit: 4000,
    // The wheel carries other people's code: their licences go with it.
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      input: { graphiql: "graphiql.html" },
      // "use client" means something to React's server components alone; this is a browser page.
      checks: { moduleLevelDirective: false },
    },
  },
});
