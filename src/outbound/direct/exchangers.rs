//! Which hosts take a domain's mail, and in which order (RFC 5321 §5.1). Pure: from what the DNS said.

use super::names::Answer;

/// Most hosts that are tried for one mail: whoever publishes more can't keep us busy with them.
pub const HOSTS_MAX: usize = 10;

/// An MX record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanger {
    /// The lower, the sooner.
    pub preference: u16,
    /// The host in ASCII and lower case, without a dot at its end: empty for the root.
    pub host: String,
}

/// Where a domain's mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// To these hosts, in this order.
    Hosts {
        /// Their names.
        hosts: Vec<String>,
        /// Whether the answer that names them is proved by DNSSEC.
        secure: bool,
    },
    /// Nowhere, ever: code and words of a permanent refusal.
    Never(u16, &'static str),
    /// Not known now.
    Later(String),
}

/// The way to a domain. `own` are our own names; `chance` gives a number below its argument.
pub fn way(domain: &str, answer: Answer<Exchanger>, own: &[String], chance: &mut dyn FnMut(usize) -> usize) -> Way {
    match answer {
        Answer::Found { records, secure } => among(records, secure, own, chance),
        // The implicit MX: a domain without MX takes mail at its own address. Nothing leads away from the name, so that nothing
        // about the way needs a proof.
        Answer::Nothing => among(vec![Exchanger { preference: 0, host: domain.to_owned() }], true, own, chance),
        Answer::NoName => Way::Never(550, "5.1.2 the domain does not exist"),
        Answer::Failed(cause) => Way::Later(cause),
    }
}

fn among(records: Vec<Exchanger>, secure: bool, own: &[String], chance: &mut dyn FnMut(usize) -> usize) -> Way {
    // RFC 7505 §3: a lone record that names the root says that there is no mail here. Beside others it means nothing.
    let mut records: Vec<Exchanger> = records.into_iter().filter(|record| !record.host.is_empty()).collect();
    if records.is_empty() {
        return Way::Never(556, "5.1.10 the domain takes no mail");
    }
    // Whoever finds themselves in the list leaves out themselves and all that are not nearer to the goal, so that no mail circles.
    let ours = records.iter().filter(|record| own.iter().any(|name| name.eq_ignore_ascii_case(&record.host)));
    if let Some(limit) = ours.map(|record| record.preference).min() {
        records.retain(|record| record.preference < limit);
    }
    if records.is_empty() {
        return Way::Never(554, "5.4.6 the domain's mail would come back to this gateway");
    }
    // Equal ones in a random order, so that they share the load.
    for last in (1..records.len()).rev() {
        records.swap(last, chance(last + 1).min(last));
    }
    records.sort_by_key(|record| record.preference);
    let mut hosts: Vec<String> = Vec::new();
    for record in records {
        if !hosts.contains(&record.host) && hosts.len() < HOSTS_MAX {
            hosts.push(record.host);
        }
    }
    Way::Hosts { hosts, secure }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(records: &[(u16, &str)]) -> Answer<Exchanger> {
        let records = records.iter().map(|(preference, host)| Exchanger { preference: *preference, host: (*host).to_owned() });
        Answer::Found { records: records.collect(), secure: false }
    }

    fn hosts(answer: Answer<Exchanger>, chance: &mut dyn FnMut(usize) -> usize) -> Vec<String> {
        match way("hopital.example", answer, &["gw.visio.example".to_owned()], chance) {
            Way::Hosts { hosts, .. } => hosts,
            Way::Never(code, words) => vec![format!("{code} {words}")],
            Way::Later(cause) => vec![cause],
        }
    }

    #[test]
    fn the_nearer_come_first_and_equals_in_any_order() {
        let records = found(&[(20, "c.example"), (10, "a.example"), (10, "b.example"), (10, "a.example")]);
        assert_eq!(hosts(records.clone(), &mut |_| 0).last().unwrap(), "c.example");
        let orders: std::collections::BTreeSet<Vec<String>> =
            (0..24).map(|seed: usize| hosts(records.clone(), &mut |below| seed / below % below)).collect();
        assert!(orders.len() > 1 && orders.iter().all(|order| order.len() == 3 && order[2] == "c.example"), "{orders:?}");
        // A number that is too large is no way out of the list.
        assert_eq!(hosts(records, &mut |_| 99).len(), 3);
    }

    #[test]
    fn no_record_is_the_domain_itself_and_a_null_one_is_nobody() {
        let mut chance = |_| 0;
        assert_eq!(hosts(Answer::Nothing, &mut chance), ["hopital.example"]);
        assert!(hosts(found(&[(0, "")]), &mut chance)[0].starts_with("556 5.1.10"));
        assert_eq!(hosts(found(&[(0, ""), (10, "a.example")]), &mut chance), ["a.example"]);
        assert!(hosts(Answer::NoName, &mut chance)[0].starts_with("550 5.1.2"));
        assert_eq!(hosts(Answer::Failed("no answer".to_owned()), &mut chance), ["no answer"]);
    }

    #[test]
    fn mail_never_comes_back_to_us() {
        let mut chance = |_| 0;
        let backup = found(&[(5, "near.example"), (10, "GW.visio.example"), (10, "b.example"), (20, "far.example")]);
        assert_eq!(hosts(backup, &mut chance), ["near.example"]);
        assert!(hosts(found(&[(10, "gw.visio.example"), (20, "b.example")]), &mut chance)[0].starts_with("554 5.4.6"));
        let own = ["visio.example".to_owned()];
        assert!(matches!(way("visio.example", Answer::Nothing, &own, &mut chance), Way::Never(554, _)));
    }
}
