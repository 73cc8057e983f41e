//! Prosody's configuration, beside ours: whether its tokens are those that we mint, and nobody comes in without one.

use super::lua::{Kind, Section, Value};
use crate::config::Finding;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// What our conference tokens say.
pub(super) struct Ours<'a> {
    /// `iss`
    pub(super) app_id: &'a str,
    /// `aud`
    pub(super) audience: &'a str,
    /// The XMPP domain or tenant: `sub`
    pub(super) domain: &'a str,
    /// What signs them, where the key file could be read.
    pub(super) signature: Option<Signature<'a>>,
}

/// What signs conference tokens.
pub(super) enum Signature<'a> {
    /// HS256 with this `app_secret`.
    Shared(&'a SecretString),
    /// RS256: Prosody fetches the public key under this name from its `asap_key_server`.
    Fetched(String),
}

/// Judges the sections of all files together.
pub(super) fn judge(sections: &[Section], ours: &Ours<'_>) -> Vec<Finding> {
    let Some(host) = token_host(sections, ours.domain) else {
        return vec![Finding::problem(
            "Prosody",
            "no VirtualHost in these files has authentication = \"token\"",
            "set it for the host of the meetings; name every file with --prosody: Include lines are not followed",
        )];
    };
    let room = Room { sections, host, ours };
    let mut findings = vec![room.authentication(), room.empty_token(), room.issuer(), room.audience()];
    findings.extend(room.signature());
    findings.extend(room.domain_verification());
    findings.push(room.admins_as_owners());
    findings.extend(room.open_hosts());
    findings.extend(room.rooms());
    findings
}

/// The host whose tokens we mint: named like our domain, else the first that asks for tokens.
fn token_host<'s>(sections: &'s [Section], domain: &str) -> Option<&'s Section> {
    let hosts = || sections.iter().filter(|section| section.kind == Kind::Host);
    let asks = |host: &&Section| host.get("app_id").is_some() || text(host.get("authentication")) == Some("token");
    hosts().find(|host| host.name.eq_ignore_ascii_case(domain)).or_else(|| hosts().find(asks))
}

fn text(value: Option<&Value>) -> Option<&str> {
    match value {
        Some(Value::Text(text)) => Some(text),
        Some(Value::Truth(_) | Value::List(_) | Value::Other) | None => None,
    }
}

/// Prosody's files, with the host of the meetings.
struct Room<'a> {
    sections: &'a [Section],
    host: &'a Section,
    ours: &'a Ours<'a>,
}

impl Room<'_> {
    /// An option of the host, else the global one.
    fn get(&self, option: &str) -> Option<&Value> {
        let global = || self.sections.iter().filter(|section| section.kind == Kind::Global).rev().find_map(|section| section.get(option));
        self.host.get(option).or_else(global)
    }

    fn subject(&self, option: &str) -> String {
        format!("Prosody {}: {option}", self.host.name)
    }

    fn authentication(&self) -> Finding {
        let subject = self.subject("authentication");
        match self.get("authentication") {
            Some(Value::Text(kind)) if kind == "token" => Finding::ok(subject, "token"),
            Some(Value::Text(kind)) => {
                Finding::problem(subject, format!("it is \"{kind}\": guests enter without our token"), "authentication = \"token\"")
            }
            _ => Finding::problem(subject, "it is not set: guests enter without our token", "authentication = \"token\""),
        }
    }

    fn empty_token(&self) -> Finding {
        let subject = self.subject("allow_empty_token");
        match self.get("allow_empty_token") {
            None | Some(Value::Truth(false)) => Finding::ok(subject, "off: nobody enters without a token"),
            Some(_) => Finding::problem(subject, "people without a token can enter", "allow_empty_token = false"),
        }
    }

    fn issuer(&self) -> Finding {
        let ours = self.ours.app_id;
        let subject = self.subject("app_id");
        let Some(theirs) = text(self.get("app_id")) else {
            return Finding::problem(subject, "it is not set as plain text: Prosody refuses every token", format!("app_id = \"{ours}\""));
        };
        match self.get("asap_accepted_issuers") {
            Some(Value::List(issuers)) if !issuers.iter().any(|issuer| issuer == ours) => Finding::problem(
                subject,
                format!("asap_accepted_issuers leaves \"{ours}\" out: our tokens are refused"),
                format!("asap_accepted_issuers = {{ \"{ours}\" }}, or leave it out"),
            ),
            Some(Value::List(_)) => Finding::ok(subject, format!("\"{ours}\" is an accepted issuer")),
            _ if theirs == ours => Finding::ok(subject, format!("\"{ours}\", as conference.app_id")),
            _ => Finding::problem(
                subject,
                format!("it is \"{theirs}\", conference.app_id is \"{ours}\": our tokens are refused"),
                "give both the same value",
            ),
        }
    }

    fn audience(&self) -> Finding {
        let ours = self.ours.audience;
        let subject = self.subject("asap_accepted_audiences");
        let advice = format!("asap_accepted_audiences = {{ \"{ours}\" }}");
        match self.get("asap_accepted_audiences") {
            Some(Value::List(audiences)) if audiences.iter().any(|audience| audience == "*") => {
                Finding::warning(subject, "it has \"*\": tokens for other services are taken, too", advice)
            }
            Some(Value::List(audiences)) if audiences.iter().any(|audience| audience == ours) => {
                Finding::ok(subject, format!("has \"{ours}\", as conference.audience"))
            }
            None => Finding::warning(subject, "it is not set: tokens for other services may be taken, too", advice),
            Some(_) => Finding::problem(subject, format!("it leaves \"{ours}\" out: our tokens are refused"), advice),
        }
    }

    /// The secret is compared, never shown.
    fn signature(&self) -> Option<Finding> {
        let key_server = self.get("asap_key_server");
        Some(match self.ours.signature.as_ref()? {
            Signature::Fetched(_) if key_server.is_none() => Finding::problem(
                self.subject("asap_key_server"),
                "it is not set: Prosody cannot check RS256 tokens",
                "set it to the address under which the public key is published",
            ),
            Signature::Fetched(name) => {
                Finding::ok(self.subject("asap_key_server"), format!("is set; the public key must be there as {name}"))
            }
            Signature::Shared(_) if key_server.is_some() => Finding::problem(
                self.subject("asap_key_server"),
                "it is set: Prosody then asks for public keys and refuses our HS256 tokens",
                "leave it out, or sign with RS256 in the key file",
            ),
            Signature::Shared(secret) => self.shared_secret(secret),
        })
    }

    fn shared_secret(&self, ours: &SecretString) -> Finding {
        let subject = self.subject("app_secret");
        match self.get("app_secret") {
            Some(Value::Text(theirs)) if bool::from(theirs.as_bytes().ct_eq(ours.expose_secret().as_bytes())) => {
                Finding::ok(subject, "the one of the key file")
            }
            Some(Value::Text(_)) => Finding::problem(
                subject,
                "it is not the one of the key file: our tokens are refused",
                "copy app_secret from [conference] of the key file (keys.file)",
            ),
            None => Finding::problem(subject, "it is not set", "copy app_secret from [conference] of the key file (keys.file)"),
            Some(_) => Finding::warning(subject, "it is computed and could not be compared", "compare it with the key file yourself"),
        }
    }

    fn domain_verification(&self) -> Option<Finding> {
        (self.get("enable_domain_verification") == Some(&Value::Truth(false))).then(|| {
            Finding::problem(
                self.subject("enable_domain_verification"),
                "it is off: a token of another tenant or domain opens rooms of the same name",
                "enable_domain_verification = true",
            )
        })
    }

    /// On a component or before the hosts.
    fn admins_as_owners(&self) -> Finding {
        let option = "component_admins_as_room_owners";
        let values: Vec<&Value> = self.sections.iter().filter_map(|section| section.get(option)).collect();
        let subject = format!("Prosody: {option}");
        let advice = format!("{option} = true, before the first VirtualHost");
        match values.first() {
            Some(_) if values.iter().all(|value| **value == Value::Truth(true)) => Finding::ok(subject, "on: Jicofo owns the rooms"),
            Some(_) => Finding::problem(subject, "it is off: Jicofo does not own the rooms and cannot give roles", advice),
            None => Finding::warning(subject, "it is not set: Prosody 13 needs it, or Jicofo cannot give roles", advice),
        }
    }

    /// Hosts where anybody is let in without a token, into the same rooms.
    fn open_hosts(&self) -> Vec<Finding> {
        let others = self.sections.iter().filter(|section| section.kind == Kind::Host && section.name != self.host.name);
        let open = others.filter(|host| matches!(text(host.get("authentication")), Some("anonymous" | "jitsi-anonymous")));
        let findings = open.map(|host| {
            Finding::problem(
                format!("Prosody {}: authentication", host.name),
                "this host lets people in without a token, into every room whose name they know",
                "remove this VirtualHost, and anonymousdomain from Jitsi Meet's config.js",
            )
        });
        findings.collect()
    }

    /// The component where the meetings take place.
    fn rooms(&self) -> Vec<Finding> {
        let Some(rooms) = self.main_rooms() else {
            return vec![Finding::warning(
                "Prosody rooms",
                format!("no Component \"conference.{}\" \"muc\" in these files", self.host.name),
                "name the file that has it with --prosody, too",
            )];
        };
        let has = |module: &str| rooms.list("modules_enabled").iter().any(|known| known == module);
        let subject = |what: &str| format!("Prosody {}: {what}", rooms.name);
        let wanted = |found, what: &str, why: &str, level: fn(String, String, String) -> Finding| {
            let advice = format!("add \"{what}\" to modules_enabled of this component");
            if found { Finding::ok(subject(what), "enabled") } else { level(subject(what), why.to_owned(), advice) }
        };
        let mut findings = vec![
            wanted(
                has("token_verification"),
                "token_verification",
                "it is missing: a token for one room opens every room",
                Finding::problem,
            ),
            wanted(
                has("token_affiliation"),
                "token_affiliation",
                "it is missing: without it, or a module like it, the organizer's token makes no moderator",
                Finding::warning,
            ),
            wanted(
                has("token_no_wildcard"),
                "token_no_wildcard",
                "it is missing: a token with room \"*\" made by somebody else opens every room",
                Finding::warning,
            ),
        ];
        findings.push(match (has("muc_wait_for_host"), rooms.get("wait_for_host_disable_auto_owners")) {
            (true, Some(Value::Truth(true))) => Finding::ok(subject("muc_wait_for_host"), "guests wait for a moderator"),
            (true, _) => Finding::problem(
                subject("wait_for_host_disable_auto_owners"),
                "it is not on: everybody with a token becomes moderator, guests too",
                "wait_for_host_disable_auto_owners = true",
            ),
            (false, _) => Finding::warning(
                subject("muc_wait_for_host"),
                "it is missing: guests do not wait for a moderator",
                "add \"muc_wait_for_host\" to modules_enabled, with wait_for_host_disable_auto_owners = true",
            ),
        });
        findings
    }

    /// `main_muc`, else `conference.` or `muc.` of the host, else the only one that checks tokens.
    fn main_rooms(&self) -> Option<&Section> {
        let named = |name: &str| self.sections.iter().find(|section| section.kind == Kind::Rooms && section.name == name);
        let checks = |section: &&Section| section.list("modules_enabled").iter().any(|module| module == "token_verification");
        text(self.get("main_muc"))
            .and_then(named)
            .or_else(|| named(&format!("conference.{}", self.host.name)))
            .or_else(|| named(&format!("muc.{}", self.host.name)))
            .or_else(|| self.sections.iter().filter(|section| section.kind == Kind::Rooms).find(checks))
    }
}

#[cfg(test)]
mod tests {
    use super::super::lua::read;
    use super::*;
    use crate::config::Level;

    /// The levels of what is said of the signature's two options.
    fn signed(host: &str, signature: Option<Signature<'_>>) -> Vec<(String, Level)> {
        let ours = Ours { app_id: "paravent", audience: "jitsi", domain: "meet.test", signature };
        let found = judge(&read(&format!("VirtualHost \"meet.test\"\n{host}")), &ours);
        let last = |finding: &Finding| finding.subject.rsplit(' ').next().unwrap_or_default().to_owned();
        let of_signature = found.iter().filter(|finding| ["app_secret", "asap_key_server"].contains(&last(finding).as_str()));
        of_signature.map(|finding| (last(finding), finding.level)).collect()
    }

    #[test]
    fn a_private_key_needs_a_key_server_and_a_shared_secret_needs_none() {
        let fetched = || Some(Signature::Fetched("abc.pem".to_owned()));
        let secret = SecretString::from("shared");
        let server = "asap_key_server = \"https://keys.test\"";
        let (key_server, app_secret) = (|level| [("asap_key_server".to_owned(), level)], |level| [("app_secret".to_owned(), level)]);
        assert_eq!(signed(server, fetched()), key_server(Level::Ok));
        assert_eq!(signed("app_secret = \"shared\"", fetched()), key_server(Level::Problem));
        assert_eq!(signed(server, Some(Signature::Shared(&secret))), key_server(Level::Problem));
        assert_eq!(signed("app_secret = \"shared\"", Some(Signature::Shared(&secret))), app_secret(Level::Ok));
        assert_eq!(signed("app_secret = \"Shared\"", Some(Signature::Shared(&secret))), app_secret(Level::Problem));
        assert_eq!(signed(server, None), []);
    }
}
