"""Pictures that users send, sound and hostile ones, their store, and the routes they come and go by."""
