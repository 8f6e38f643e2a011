"""GraphQL over HTTP: the edge between the web and the schema."""
