//! Who may organize. One file a source.

mod csv_file;
mod csv_rows;
mod edit;
mod password;

pub use csv_file::CsvDirectory;
pub use csv_rows::{DirectoryError, GROUPS_HEAD, ORGANIZERS_HEAD};
pub use edit::{NewOrganizer, add, deactivate};
pub use password::hash_password;
