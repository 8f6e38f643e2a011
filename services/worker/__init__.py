"""The worker: rows say when they are next due, and it looks after them until every order is what WeChat's books say."""
