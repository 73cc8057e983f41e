//! Counter: what people see in a browser.
