//! LemonLDAP::NG's portal from Debian's packages, without a web server, in its own folder and on its own loopback port.

use super::servers::Running;
use super::{net, parts};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The secret that it has for us: with characters that a header changes.
pub const SECRET: &str = "a secret: 100% & more";

pub struct LemonLdap {
    _running: Running,
    folder: TempDir,
    port: u16,
    ours: String,
}

/// What starts it. It always loads a captcha, and Debian's wants ImageMagick: nobody is shown one here.
const APPLICATION: &str = r"
package Lemonldap::NG::Portal::Captcha::None;
use Mouse;
extends 'Lemonldap::NG::Portal::Main::Plugin';
sub init { 1 }
BEGIN { $INC{'Lemonldap/NG/Portal/Captcha/None.pm'} = __FILE__ }
package main;
use Lemonldap::NG::Portal::Main;
Lemonldap::NG::Portal::Main->run({ configStorage => { confFile => $ENV{PORTAL_INI} } });
";

impl LemonLdap {
    /// Starts, or says why the test skips. `dwho`, `rtyler` and `msmith` sign in, each with their name for a password. It knows
    /// us at this address.
    pub fn start(ours: &str) -> Option<Self> {
        let plackup = parts::find("plackup")?;
        parts::find_file("/usr/share/perl5/Lemonldap/NG/Portal/Issuer/OpenIDConnect.pm", "liblemonldap-ng-portal-perl")?;
        parts::find_file("/usr/share/perl5/String/Random.pm", "libstring-random-perl")?;
        parts::find_file("/usr/share/perl5/IO/String.pm", "libio-string-perl")?;
        let (folder, [port]) = (tempfile::tempdir().unwrap(), net::free_ports());
        for inner in ["conf", "cache", "sessions/lock", "psessions/lock"] {
            fs::create_dir_all(folder.path().join(inner)).unwrap();
        }
        let file = |name: &str| folder.path().join(name);
        fs::write(file("app.psgi"), APPLICATION).unwrap();
        fs::write(file("lemonldap-ng.ini"), ini(folder.path())).unwrap();
        configure(folder.path(), port, ours, 1);
        let log = fs::File::create(file("log")).unwrap();
        let mut command = Command::new(plackup);
        command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "-E", "deployment"]).arg(file("app.psgi"));
        command.env("PORTAL_INI", file("lemonldap-ng.ini")).stdout(Stdio::null()).stderr(log);
        let running = Running::of(command.spawn().unwrap());
        drop(net::connect(port));
        Some(Self { _running: running, folder, port, ours: ours.to_owned() })
    }

    pub fn issuer(&self) -> String {
        // With a slash at the end, as it calls itself.
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Another key signs from now on: a new configuration, which the portal looks for each second.
    pub fn rotate(&self) {
        configure(self.folder.path(), self.port, &self.ours, 2);
    }

    /// The names of the keys that it publishes.
    pub async fn keys(&self) -> String {
        let client = paravent::http_client::new(net::PATIENCE).unwrap();
        client.get(format!("{}oauth2/jwks", self.issuer())).send().await.unwrap().text().await.unwrap()
    }
}

impl Drop for LemonLdap {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- LemonLDAP::NG\n{}", fs::read_to_string(self.folder.path().join("log")).unwrap_or_default());
        }
    }
}

fn ini(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "[all]\nlogLevel = info\ncheckTime = 1\n[configuration]\ntype = File\ndirName = {folder}/conf\nlocalStorage = Cache::FileCache\n\
         localStorageOptions = {{ 'namespace' => 'lemonldap-ng-config', 'default_expires_in' => 600, 'cache_root' => '{folder}/cache', 'cache_depth' => 3 }}\n\
         [portal]\nstaticPrefix = /static\ntemplateDir = /usr/share/lemonldap-ng/portal/templates\nlanguages = en, fr\n"
    )
}

/// Writes the configuration of this number, with a key of its own.
fn configure(folder: &Path, port: u16, ours: &str, number: u32) {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let store = |name: &str| {
        let path: PathBuf = folder.join(name);
        json!({ "Directory": path, "LockDirectory": path.join("lock"), "generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256" })
    };
    let portal = json!({
        "cfgNum": number, "cfgAuthor": "test", "cfgDate": "1700000000", "cfgVersion": "2.16.1",
        "portal": format!("http://127.0.0.1:{port}/"), "domain": "127.0.0.1", "cookieName": "lemonldap", "securedCookie": 0,
        "authentication": "Demo", "userDB": "Same", "passwordDB": "Null", "registerDB": "Null",
        "demoExportedVars": { "cn": "cn", "mail": "mail", "uid": "uid" },
        "macros": { "_whatToTrace": "lc($_user)" }, "whatToTrace": "_whatToTrace",
        "locationRules": {}, "exportedHeaders": {}, "applicationList": {},
        "captcha": "::Captcha::None", "captcha_mail_enabled": 0, "captcha_register_enabled": 0,
        "portalDisplayResetPassword": 0, "portalDisplayRegister": 0,
        "globalStorage": "Apache::Session::File", "globalStorageOptions": store("sessions"),
        "persistentStorage": "Apache::Session::File", "persistentStorageOptions": store("psessions"),
        "localSessionStorage": "Cache::FileCache",
        "localSessionStorageOptions": { "cache_depth": 3, "cache_root": folder.join("cache"), "default_expires_in": 600, "namespace": "lemonldap-ng-sessions" },
        "groups": { "helpdesk": "$uid eq 'rtyler'" },
    });
    let provider = json!({
        "issuerDBOpenIDConnectActivation": 1,
        "oidcServicePrivateKeySig": key.serialize_pem(),
        "oidcServicePublicKeySig": key.public_key_pem(),
        "oidcServiceKeyIdSig": format!("key-{number}"),
        "oidcRPMetaDataOptions": { "paravent": {
            "oidcRPMetaDataOptionsClientID": "paravent",
            "oidcRPMetaDataOptionsClientSecret": SECRET,
            "oidcRPMetaDataOptionsRedirectUris": format!("{ours}/sign-in/return"),
            "oidcRPMetaDataOptionsPostLogoutRedirectUris": format!("{ours}/signed-out"),
            "oidcRPMetaDataOptionsRequirePKCE": 1,
            "oidcRPMetaDataOptionsBypassConsent": 1,
            "oidcRPMetaDataOptionsLogoutBypassConfirm": 1,
            "oidcRPMetaDataOptionsIDTokenSignAlg": "RS256",
            "oidcRPMetaDataOptionsUserIDAttr": "uid",
        } },
        "oidcRPMetaDataExportedVars": { "paravent": { "email": "mail", "name": "cn", "groups": "groups" } },
        "oidcRPMetaDataOptionsExtraClaims": { "paravent": { "groups": "groups" } },
    });
    let mut all = portal.as_object().unwrap().clone();
    all.extend(provider.as_object().unwrap().clone());
    // In one step: the portal may read it at any moment.
    let next = folder.join("next.json");
    fs::write(&next, serde_json::Value::Object(all).to_string()).unwrap();
    fs::rename(next, folder.join(format!("conf/lmConf-{number}.json"))).unwrap();
}
