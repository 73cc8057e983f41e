//! The guest's link: a JWT (RFC 7519) with opaque ids alone. Checked against the store on every use.
