//! A plan without what would show the organizer: for "send without it".

use super::Plan;
use crate::domain::leak::{Secrets, Spot, scan, without};

impl Plan {
    /// Leaves out of the organizer's words what shows one of these secrets: lines of descriptions, whole titles (which `title` takes
    /// the place of), names of guests.
    pub fn leave_out(&mut self, secrets: &Secrets, title: &str) {
        let shows = |text: &str| !scan(text.as_bytes(), secrets).is_empty();
        let clean = |own_title: &mut String, description: &mut Option<String>| {
            if shows(own_title) {
                title.clone_into(own_title);
            }
            *description = description.take().map(|text| without(&text, secrets));
        };
        if let Some(whole) = &mut self.said.whole {
            clean(&mut whole.event.title, &mut whole.event.description);
            let series = whole.event.series.as_mut();
            let changed = series.into_iter().flat_map(|series| series.changed.values_mut());
            changed.for_each(|instance| clean(&mut instance.title, &mut instance.description));
        }
        let instances = self.said.instances.values_mut().filter_map(|one| one.instance.as_mut());
        instances.for_each(|instance| clean(&mut instance.title, &mut instance.description));
        for invited in &mut self.invited {
            invited.guest.name = invited.guest.name.take().filter(|name| !shows(name));
        }
    }

    /// The organizer's own words that guests would read, and where they stand.
    pub fn passed_on(&self) -> Vec<(Spot, &str)> {
        let names = self.invited.iter().filter_map(|invited| invited.guest.name.as_deref()).map(|name| (Spot::GuestName, name));
        let whole = self.said.whole.iter().map(|whole| (whole.event.title.as_str(), whole.event.description.as_deref()));
        let changed = self.said.instances.values().filter_map(|one| one.instance.as_ref());
        let texts = whole.chain(changed.map(|instance| (instance.title.as_str(), instance.description.as_deref())));
        let spots = texts.flat_map(|(title, text)| std::iter::once((Spot::Title, title)).chain(text.map(|text| (Spot::Description, text))));
        spots.chain(names).collect()
    }
}
