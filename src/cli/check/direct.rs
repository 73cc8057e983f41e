//! The way out without a smarthost: what other mail servers look at before they take mail from this machine.

use crate::config::Finding;
use crate::outbound::direct::Direct;
use crate::outbound::direct::names::{Answer, Names};
use crate::outbound::direct::settings::DirectSettings;
use std::net::IpAddr;

/// Asks name servers; connects to no mail server, since any of them would be somebody else's.
pub(super) async fn findings(settings: &DirectSettings, host_name: &str) -> Vec<Finding> {
    let subject = "delivery.direct";
    if let Err(error) = Direct::new(settings.clone(), host_name) {
        return vec![Finding::problem(subject, error, "look at [delivery.direct]; until then `paravent serve` does not start")];
    }
    let port =
        format!("whether port {} is open outwards shows at the first mail: many providers close it until they are asked", settings.port);
    let mut findings = vec![Finding::ok(subject, port)];
    match Names::new(settings) {
        Ok(names) => findings.extend(identity(&names, &settings.helo).await),
        Err(error) => findings.push(Finding::problem(subject, error, "set delivery.direct.resolvers")),
    }
    findings
}

/// RFC 5321 §4.1.4 and every large provider: the name of EHLO has an address, and the address leads back to the name.
async fn identity(names: &Names, helo: &str) -> Vec<Finding> {
    let subject = format!("EHLO {helo}");
    let (six, four) = names.addresses(helo).await;
    let addresses = match (six.records(), four.records()) {
        (Ok(six), Ok(four)) => [six, four].concat(),
        (Err(error), _) | (_, Err(error)) => return vec![unasked(&subject, &error)],
    };
    if addresses.is_empty() {
        let advice = "publish its A or AAAA record: the address from which this machine reaches others";
        return vec![Finding::problem(subject, "it has no address, so that many servers refuse our mail", advice)];
    }
    let mut findings = Vec::new();
    for address in addresses {
        findings.push(leads_back(names, &subject, helo, address).await);
    }
    findings
}

async fn leads_back(names: &Names, subject: &str, helo: &str, address: IpAddr) -> Finding {
    let advice = format!("have the provider of the address set its reverse name (PTR) to {helo}");
    match names.reverse(address).await {
        Answer::Found { records, .. } if records.iter().any(|name| name.eq_ignore_ascii_case(helo.trim_end_matches('.'))) => {
            Finding::ok(subject, format!("{address} leads back to it"))
        }
        Answer::Found { records, .. } => Finding::warning(subject, format!("{address} leads back to {}", records.join(", ")), advice),
        Answer::Nothing | Answer::NoName => {
            Finding::problem(subject, format!("{address} leads back to no name, so that many servers refuse our mail"), advice)
        }
        Answer::Failed(error) => unasked(subject, &error),
    }
}

fn unasked(subject: &str, error: &str) -> Finding {
    Finding::warning(subject, format!("could not be asked: {error}"), "check the network and delivery.direct.resolvers, and run this again")
}
