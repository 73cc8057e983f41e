-- What Paravent needs of Prosody, beside what Jitsi's own packages set up. docs/jitsi.md says why; `paravent check --prosody FILE`
-- looks at the result. Put your own names, app_secret and hooks secret in.
-- Plugins: jitsi-meet-prosody, and event_sync_component, token_affiliation, token_no_wildcard, token_owner_party of jitsi-contrib.
plugin_paths = { "/usr/share/jitsi-meet/prosody-plugins/", "/usr/local/share/prosody-contrib/" }
muc_mapper_domain_base = "meet.jitsi"
component_admins_as_room_owners = true -- Prosody 13 asks for it

VirtualHost "meet.jitsi"
    authentication = "token"
    app_id = "paravent" -- conference.app_id
    app_secret = "APP_SECRET" -- [conference] app_secret of the key file; with RS256 instead:
    -- asap_key_server = "https://visio.example/jitsi/keys"
    allow_empty_token = false
    asap_accepted_issuers = { "paravent" }
    asap_accepted_audiences = { "jitsi" } -- conference.audience
    enable_domain_verification = true
    modules_enabled = {
        "bosh";
        "websocket";
        "muc_lobby_rooms";
        "reservations";
    }
    main_muc = "conference.meet.jitsi"
    -- Rooms open in the slot of their meeting, and close at its end.
    reservations_api_prefix = "https://visio.example/jitsi"
    reservations_api_headers = { ["Authorization"] = "Bearer HOOKS_SECRET" }

VirtualHost "auth.meet.jitsi"
    authentication = "internal_hashed"

Component "conference.meet.jitsi" "muc"
    storage = "memory"
    restrict_room_creation = true
    modules_enabled = {
        "muc_wait_for_host";
        "token_verification";
        "token_affiliation";
        "token_no_wildcard";
        "token_owner_party"; -- ends a meeting after its last moderator left
    }
    wait_for_host_disable_auto_owners = true
    party_check_timeout = 60

Component "lobby.meet.jitsi" "muc"
    storage = "memory"

-- Who came and went.
Component "esync.meet.jitsi" "event_sync_component"
    muc_component = "conference.meet.jitsi"
    breakout_component = "breakout.meet.jitsi"
    api_prefix = "https://visio.example/jitsi"
    api_headers = { ["Authorization"] = "Bearer HOOKS_SECRET" }
    api_retry_count = 5

Component "focus.meet.jitsi" "client_proxy"
    target_address = "focus@auth.meet.jitsi"
