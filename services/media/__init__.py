"""Pictures that users send: taken apart, made anew, stored under the hash of their content."""
