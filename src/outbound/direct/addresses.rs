//! At which addresses a host is tried, and which never are. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Most addresses of one host that are tried for one mail.
pub const ADDRESSES_MAX: usize = 8;

/// The addresses to try in order: IPv6 before IPv4 (RFC 6724 §2.1), each once. Without `private` those are left out that no mail
/// server of somebody else has.
pub fn in_order(six: &[IpAddr], four: &[IpAddr], private: bool) -> Vec<IpAddr> {
    let mut order: Vec<IpAddr> = Vec::new();
    for address in six.iter().chain(four).map(IpAddr::to_canonical) {
        if !order.contains(&address) && is_host(address) && (private || !is_private(address)) {
            order.push(address);
        }
    }
    // Of many, some of each family: a host with many of a family that leads nowhere is reached by the other.
    if order.len() > ADDRESSES_MAX {
        let (first, second): (Vec<IpAddr>, Vec<IpAddr>) = order.into_iter().partition(IpAddr::is_ipv6);
        let of_second = second.len().min((ADDRESSES_MAX / 2).max(ADDRESSES_MAX.saturating_sub(first.len())));
        order = first.into_iter().take(ADDRESSES_MAX - of_second).chain(second.into_iter().take(of_second)).collect();
    }
    order
}

/// An address literal in place of a domain (RFC 5321 §4.1.3).
pub fn literal(domain: &str) -> Option<IpAddr> {
    let inner = domain.strip_prefix('[')?.strip_suffix(']')?;
    match inner.split_once(':') {
        Some((tag, six)) if tag.eq_ignore_ascii_case("ipv6") => six.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        Some(_) => None,
        None => inner.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

fn is_host(address: IpAddr) -> bool {
    let broadcast = match address {
        IpAddr::V4(four) => four.is_broadcast(),
        IpAddr::V6(_) => false,
    };
    !(broadcast || address.is_unspecified() || address.is_multicast())
}

/// Loopback, link-local, RFC 1918, RFC 6598 and RFC 4193.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let shared = four.octets()[0] == 100 && four.octets()[1] & 0xc0 == 64;
            shared || four.is_loopback() || four.is_private() || four.is_link_local() || four.octets()[0] == 0
        }
        IpAddr::V6(six) => six.is_loopback() || six.is_unique_local() || six.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn six_comes_before_four_and_nothing_leads_inside() {
        let order = in_order(&ips(&["2001:db8::1"]), &ips(&["192.0.2.1", "192.0.2.1"]), false);
        assert_eq!(order, ips(&["2001:db8::1", "192.0.2.1"]));
        let inside = ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.1.1", "100.64.0.1", "0.0.0.0", "0.1.2.3"];
        assert_eq!(in_order(&ips(&["::1", "fe80::1", "fd00::1", "::", "::ffff:10.0.0.1", "ff02::1"]), &ips(&inside), false), ips(&[]));
        assert_eq!(in_order(&ips(&["::1", "::"]), &ips(&["10.1.2.3", "255.255.255.255"]), true), ips(&["::1", "10.1.2.3"]));
    }

    #[test]
    fn neither_family_crowds_the_other_out() {
        let six: Vec<IpAddr> = (0..20).map(|last| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last))).collect();
        let four: Vec<IpAddr> = (0..20).map(|last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))).collect();
        let both = in_order(&six, &four, false);
        assert_eq!((both.len(), both.iter().filter(|address| address.is_ipv4()).count()), (8, 4));
        assert_eq!(in_order(&six[..2], &four, false).iter().filter(|address| address.is_ipv4()).count(), 6);
        assert_eq!(in_order(&[], &four, false).len(), 8);
    }

    #[test]
    fn literals_are_read() {
        assert_eq!(literal("[192.0.2.1]"), Some("192.0.2.1".parse().unwrap()));
        assert_eq!(literal("[ipv6:2001:db8::1]"), Some("2001:db8::1".parse().unwrap()));
        assert_eq!(literal("[2001:db8::1]"), None);
        assert_eq!(literal("hopital.example"), None);
    }
}
