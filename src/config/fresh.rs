//! A fresh configuration: a commented file, new keys, an empty directory. Nothing that exists is overwritten.

use super::ConfigError;
use crate::outbound::dkim::{GeneratedKey, generate_ed25519, generate_rsa_2048};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const TEMPLATE: &str = include_str!("../../deploy/paravent.toml");

/// What was written, and what must be published.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// Files, in the order of their making.
    pub files: Vec<PathBuf>,
    /// DNS records: name, type and value.
    pub records: Vec<(String, &'static str, String)>,
}

/// Writes a configuration for this alias domain into the folder.
pub fn write_fresh(folder: &Path, domain: &str) -> Result<Fresh, ConfigError> {
    let mut files = Vec::new();
    let mut put = |name: &str, mode: u32, text: &str| -> Result<(), ConfigError> {
        let path = folder.join(name);
        new_file(&path, mode, text).map_err(|error| ConfigError::new(&path, format!("not written: {error}")))?;
        files.push(path);
        Ok(())
    };
    let (rsa, ed25519) = (dkim_key(folder, generate_rsa_2048)?, dkim_key(folder, generate_ed25519)?);
    let toml = TEMPLATE
        .replace("{{domain}}", domain)
        .replace("{{folder}}", &folder.display().to_string())
        .replace("{{state}}", &state_folder(folder).display().to_string());
    put("paravent.toml", 0o640, &toml)?;
    put("keys.toml", 0o600, &keys(folder)?)?;
    put("dkim-rsa.pem", 0o600, &rsa.pem)?;
    put("dkim-ed25519.pem", 0o600, &ed25519.pem)?;
    put("directory/organizers.csv", 0o600, &format!("{}\n", crate::directory::ORGANIZERS_HEAD))?;
    let group = "default,Invitations,anonymous,en,Europe/Paris,true";
    put("directory/groups.csv", 0o644, &format!("{}\n{group}\n", crate::directory::GROUPS_HEAD))?;
    let records = vec![
        (format!("rsa._domainkey.{domain}"), "TXT", rsa.record),
        (format!("ed25519._domainkey.{domain}"), "TXT", ed25519.record),
        (domain.to_owned(), "TXT", "v=spf1 mx -all".to_owned()),
        (format!("_dmarc.{domain}"), "TXT", "v=DMARC1; p=reject; adkim=s; aspf=s".to_owned()),
        (domain.to_owned(), "MX", format!("10 gateway.{domain}.")),
        (format!("guest.{domain}"), "MX", format!("10 gateway.{domain}.")),
    ];
    Ok(Fresh { files, records })
}

/// Where the archive goes: configuration below /etc is only read while the gateway runs.
fn state_folder(folder: &Path) -> &Path {
    if folder.starts_with("/etc") { Path::new("/var/lib/paravent") } else { folder }
}

fn dkim_key<E: std::fmt::Display>(folder: &Path, generate: impl Fn() -> Result<GeneratedKey, E>) -> Result<GeneratedKey, ConfigError> {
    generate().map_err(|error| ConfigError::new(folder, error.to_string()))
}

fn keys(folder: &Path) -> Result<String, ConfigError> {
    let secret = || secret().map_err(|()| ConfigError::new(folder, "the random source failed"));
    Ok(format!(
        "# Secret keys. The first of a list signs, every one verifies: to rotate, put a new one in front and keep the old.\n\n\
         [[address]]\nletter = \"a\"\nsecret = \"{}\"\n\n[[link]]\nkid = \"1\"\nsecret = \"{}\"\n\n\
         # Prosody's app_secret.\n[conference]\nalgorithm = \"HS256\"\napp_secret = \"{}\"\n\n\
         # What Prosody shows when it asks for reservations and tells who came (docs/jitsi.md).\n[hooks]\nsecret = \"{}\"\n",
        secret()?,
        secret()?,
        secret()?,
        secret()?
    ))
}

/// 32 random octets in base64; the error is that of the random source.
pub(super) fn secret() -> Result<String, ()> {
    let mut octets = [0; 32];
    rand::fill(&mut octets).map_err(|_| ())?;
    Ok(STANDARD.encode(octets))
}

fn new_file(path: &Path, mode: u32, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_never_below_etc() {
        assert_eq!(state_folder(Path::new("/etc/paravent")), Path::new("/var/lib/paravent"));
        assert_eq!(state_folder(Path::new("/srv/paravent")), Path::new("/srv/paravent"));
    }
}
