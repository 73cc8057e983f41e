//! The pages in a real browser, under their own policies: every page is looked at by axe-core, and people do what they came for.

use crate::localserve::Local;
use crate::support::chromium::{Browser, axe};
use crate::support::http::post;
use serde_json::json;

/// WCAG 2.1 A and AA, and what axe-core counts as good practice beside.
const RULES: &str = "['wcag2a','wcag2aa','wcag21a','wcag21aa','best-practice']";
/// Width and height, and light or dark: a phone, the narrowest that WCAG 1.4.10 asks for, and a desktop.
const SCREENS: [(u32, u32, &str); 4] = [(390, 844, "light"), (390, 844, "dark"), (320, 568, "light"), (1_280, 900, "dark")];
/// Most octets of a page with all that it loads.
const WEIGHT_MAX: u64 = 100_000;

struct House {
    local: Local,
    browser: Browser,
}

impl House {
    fn open() -> Option<Self> {
        let browser = Browser::open()?;
        Some(Self { local: Local::start(&[]), browser })
    }

    fn go(&self, path: &str) {
        self.browser.go(&format!("http://127.0.0.1:{}{path}", self.local.port));
    }

    /// The first address in a page that begins so.
    fn address(&self, beginning: &str) -> String {
        let link = self.browser.value(&format!("document.querySelector('a[href*=\"{beginning}\"]')?.pathname"));
        link.as_str().unwrap_or_else(|| panic!("no link to {beginning}: {}", self.browser.text())).to_owned()
    }

    /// Signs in at the provider of `localserve`.
    fn sign_in(&self, who: &str) {
        self.browser.forget();
        self.go("/sign-in?to=/meetings");
        self.browser.press(&format!("a[href*=\"code={who}\"]"));
    }

    /// Jean's link.
    fn guest(&self) -> String {
        self.go("/");
        self.address("/j/")
    }
}

#[test]
fn every_page_is_for_everybody() {
    let (Some(house), Some(axe)) = (House::open(), axe()) else { return };
    let guest = house.guest();
    let meeting = house.local.summary_page();
    let mut faults = Vec::new();
    for page in [guest.as_str(), "/j/x", &meeting, "/signed-out"] {
        look(&house, page, &axe, &mut faults);
    }
    house.sign_in("organizer");
    let own = house.address("/meetings/0");
    for page in ["/meetings", &own, "/meetings/new"] {
        look(&house, page, &axe, &mut faults);
    }
    post(house.local.port, &format!("{guest}/help"), &[("words", "No sound"), ("camera", "refused")]);
    house.sign_in("helpdesk");
    house.go("/desk");
    let alert = house.address("/desk/alerts/");
    for page in ["/desk", &alert, "/desk/holds", "/desk/search?q=jean"] {
        look(&house, page, &axe, &mut faults);
    }
    house.sign_in("administrator");
    look(&house, "/administration", &axe, &mut faults);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// One page in both languages and on every screen.
fn look(house: &House, page: &str, axe: &str, faults: &mut Vec<String>) {
    let browser = &house.browser;
    for language in ["en", "fr"] {
        let separator = if page.contains('?') { '&' } else { '?' };
        house.go(&format!("{page}{separator}lang={language}"));
        let mut fault = |what: String| faults.push(format!("{page} {language}: {what}"));
        assert_eq!(browser.value("document.documentElement.lang"), json!(language), "{page}: {}", browser.text());
        let weight = "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))\
                      .reduce((sum, one) => sum + one.decodedBodySize, 0)";
        let octets = browser.value(weight).as_u64().unwrap_or(u64::MAX);
        if octets > WEIGHT_MAX {
            fault(format!("weighs {octets} octets"));
        }
        // What is folded away is for everybody too.
        browser.value("document.querySelectorAll('details').forEach(one => one.open = true)");
        for (width, height, scheme) in SCREENS {
            browser.screen(width, height, scheme);
            let wider = browser.value("document.documentElement.scrollWidth - innerWidth").as_i64().unwrap_or(i64::MAX);
            if wider > 0 {
                fault(format!("is {wider} px wider than {width} px"));
            }
            let found = browser.run(&format!(
                "const done = arguments[arguments.length - 1];{axe};axe.run(document, {{runOnly: {RULES}}})\
                 .then(found => done(found.violations.map(one => [one.id, one.nodes[0].html.slice(0, 200)])), error => done([String(error)]))"
            ));
            found.as_array().unwrap().iter().for_each(|one| fault(format!("{width} px {scheme}: {one}")));
        }
        browser.complaints().into_iter().filter(|line| !line.contains("404") && !line.contains("410")).for_each(&mut fault);
    }
}

#[test]
fn people_do_what_they_came_for() {
    let Some(house) = House::open() else { return };
    let browser = &house.browser;

    // A guest answers, and sees on the open page that it was taken.
    let guest = house.guest();
    house.go(&format!("{guest}?lang=en"));
    browser.type_into("textarea[name=words]", "I come by train");
    browser.press("button[name=answer][value=accepted]");
    browser.wait_for("document.querySelector('[role=status]')");

    let before = house.local.mails("lea.petit@cabinet.example").len();

    // The organizer sees it, writes a meeting of their own, and is told what is wrong with it first.
    house.sign_in("organizer");
    house.go("/meetings/new?lang=en");
    let tomorrow = browser.value("new Date(Date.now() + 864e5).toISOString().slice(0, 10)");
    browser.type_into("[name=title]", "Second round");
    browser.value(&format!("document.querySelector('[name=date]').value = {tomorrow}"));
    browser.value("document.querySelector('[name=from]').value = '14:00'");
    browser.value("document.querySelector('[name=to]').value = '14:30'");
    browser.type_into("[name=guests]", "lea.petit@cabinet.example");
    browser.press("form.write button");
    browser.wait_for("location.search.includes('said=written')");
    let page = browser.url();

    // Their open page is told of what happens, by itself.
    browser.value("window.before = true");
    house.local.press(house.local.next_mail("lea.petit@cabinet.example", before), &[("action", "accept"), ("client", "gmail")]);
    browser.wait_for("!window.before && document.querySelector('.is-accepted')");
    assert_eq!(browser.url().split('?').next(), page.split('?').next());

    // The moderator's button leads to the room under the page's own policy.
    house.go("/meetings");
    house.go(&house.address("/meetings/0"));
    browser.press("button[value=start]");
    browser.wait_for("location.pathname.startsWith('/room/')");

    // Out again: the page behind is closed.
    house.go("/meetings");
    browser.press("form[action='/sign-out'] button");
    browser.wait_for("location.pathname == '/signed-out'");
    house.go("/meetings");
    assert!(browser.url().contains("/who?"), "the provider asks again: {}", browser.url());
    let refused: Vec<_> = browser.complaints().into_iter().filter(|line| line.contains("Content Security Policy")).collect();
    assert!(refused.is_empty(), "{refused:?}");
}
