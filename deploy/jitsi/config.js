// Beside what Jitsi's package sets up, in /etc/jitsi/meet/<host>-config.js.
config.dynamicBrandingUrl = "https://visio.example/jitsi/branding";
// Guests have a page of their own to prepare on, and a name from their invitation.
config.prejoinConfig = { enabled: false };
config.disableInviteFunctions = true;
config.disableThirdPartyRequests = true;
config.enableClosePage = false;
config.readOnlyName = true;
