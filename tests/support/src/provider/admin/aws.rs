//! IAM and STS of AWS: the query protocol, with signatures that are checked. They lie at the root, as at AWS.

use super::fault::Step;
use super::keys::{AdminKey, Keys};
use super::serve::{Came, Done, No, serve};
use crate::provider::record::State;
use axum::Router;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use reeve_core::time::Millis;
use reeve_providers::bedrock::sign::{Scope, Unsigned, headers as sign};
use serde_json::{Value, json};
use std::sync::Arc;

/// The admin's pair of keys.
pub const AWS_ADMIN: &str = "AKIAADMIN00000000000:wJalrXUtnFEMIadminK7MDENGbPxRfiCYEXAMPLE";
/// The user whose keys they are.
pub const AWS_USER: &str = "reeve-bedrock";
const BEDROCK: &str = "bedrock.amazonaws.com";
/// Keys of a kind at once.
const MOST: usize = 2;

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new().route("/", post(call))
}

async fn call(
    Shared(state): Shared<Arc<State>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let came = Came { method, uri, headers, body };
    let form = Form::of(&came);
    let step = match form.get("Action").split_at_checked(6).map_or("", |(start, _)| start) {
        "Create" => Step::Create,
        "Delete" => Step::Delete,
        "Update" => Step::Switch,
        _ => Step::List,
    };
    let act = move |keys: &mut Keys, came: &Came| answer(keys, came, &form);
    let mut response = serve(state, step, came, act, said_no).await;
    let is_json = response.headers().get("content-type").is_some_and(|kind| kind == "application/json");
    if response.status().is_success() && is_json {
        response = in_xml(response).await;
    }
    response
}

/// What was done is told as a text within JSON, which is unpacked here.
async fn in_xml(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let text =
        serde_json::from_slice::<Value>(&bytes).ok().and_then(|v| v["xml"].as_str().map(str::to_owned));
    match text {
        Some(xml) => (parts.status, [("content-type", "text/xml")], xml).into_response(),
        None => (parts.status, [("content-type", "application/json")], bytes).into_response(),
    }
}

fn said_no(no: &No) -> Response {
    // Too many calls are told by 400 and a code.
    let (status, code) = if no.status == 429 { (400, "Throttling") } else { (no.status, "ServiceFailure") };
    let (code, message) = no.message.split_once(": ").unwrap_or((code, &no.message));
    let kind = if status < 500 { "Sender" } else { "Receiver" };
    let xml = format!(
        "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>{kind}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>0</RequestId></ErrorResponse>"
    );
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [("content-type", "text/xml")], xml).into_response()
}

struct Form(Vec<(String, String)>);

impl Form {
    fn of(came: &Came) -> Self {
        let text = String::from_utf8_lossy(&came.body);
        let url = reqwest::Url::parse(&format!("http://x/?{text}")).expect("a form");
        Self(url.query_pairs().into_owned().collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// These fields, each filled, and no others.
    fn only(&self, required: &[&str], optional: &[&str]) -> Result<(), No> {
        let known = [&["Action", "Version"][..], required, optional].concat();
        if let Some((name, _)) = self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            return Err(No::wrong(400, &format!("ValidationError: unknown parameter {name}")));
        }
        match required.iter().find(|name| self.get(name).is_empty()) {
            Some(name) => Err(No::wrong(400, &format!("ValidationError: missing parameter {name}"))),
            None => Ok(()),
        }
    }
}

fn answer(keys: &mut Keys, came: &Came, form: &Form) -> Done {
    let action = form.get("Action");
    let (service, version) =
        if action == "GetCallerIdentity" { ("sts", "2011-06-15") } else { ("iam", "2010-05-08") };
    if form.get("Version") != version {
        return Err(No::wrong(400, "InvalidAction: another version"));
    }
    let who = signer(keys, came, service)?;
    if service == "sts" {
        let result =
            "<Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>U</UserId><Account>123456789012</Account>";
        return told(action, result);
    }
    if who != AWS_ADMIN {
        return Err(No::so(403, "AccessDenied: not authorized to perform this action"));
    }
    let user = form.get("UserName");
    // Without a name AWS acts on whoever signs.
    if action != "GetAccessKeyLastUsed" && user.is_empty() {
        return Err(No::wrong(400, "ValidationError: UserName was left out"));
    }
    if action != "GetAccessKeyLastUsed" && user != AWS_USER {
        return Err(No::so(404, "NoSuchEntity: The user cannot be found."));
    }
    match action {
        "ListAccessKeys" => {
            form.only(&["UserName"], &["Marker", "MaxItems"])?;
            let rows: String = keys.listed(false).iter().filter(|k| is_pair(k)).map(access_key).collect();
            told(
                action,
                &format!(
                    "<UserName>{user}</UserName><AccessKeyMetadata>{rows}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"
                ),
            )
        }
        "GetAccessKeyLastUsed" => last_used(keys, form),
        "CreateAccessKey" => create_access_key(keys, form),
        "UpdateAccessKey" => {
            form.only(&["UserName", "AccessKeyId", "Status"], &[])?;
            switch(keys, form, "AccessKeyId")
        }
        "DeleteAccessKey" => {
            form.only(&["UserName", "AccessKeyId"], &[])?;
            delete(keys, form, "AccessKeyId")
        }
        "ListServiceSpecificCredentials" => {
            form.only(&["UserName"], &["ServiceName", "AllUsers", "Marker", "MaxItems"])?;
            let rows: String = keys.listed(false).iter().filter(|k| !is_pair(k)).map(bedrock_key).collect();
            told(action, &format!("<ServiceSpecificCredentials>{rows}</ServiceSpecificCredentials>"))
        }
        "CreateServiceSpecificCredential" => create_bedrock_key(keys, form),
        "UpdateServiceSpecificCredential" => {
            form.only(&["UserName", "ServiceSpecificCredentialId", "Status"], &[])?;
            switch(keys, form, "ServiceSpecificCredentialId")
        }
        "DeleteServiceSpecificCredential" => {
            form.only(&["UserName", "ServiceSpecificCredentialId"], &[])?;
            delete(keys, form, "ServiceSpecificCredentialId")
        }
        _ => Err(No::wrong(400, &format!("InvalidAction: {action}"))),
    }
}

fn told(action: &str, result: &str) -> Done {
    let xml = format!(
        "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></{action}Response>"
    );
    Ok(json!({"xml": xml}))
}

/// Whose signature it is: that of the admin, or of a key that is alive.
fn signer(keys: &mut Keys, came: &Came, service: &str) -> Result<String, No> {
    let region = if service == "iam" { "us-east-1" } else { "eu-central-1" };
    let date = came.header("x-amz-date");
    let at: Option<Millis> = (date.len() == 16)
        .then(|| {
            let (d, t) = date.split_at(9);
            let text =
                format!("{}-{}-{}T{}:{}:{}Z", &d[..4], &d[4..6], &d[6..8], &t[..2], &t[2..4], &t[4..6]);
            text.parse().ok()
        })
        .flatten();
    let at = at.ok_or_else(|| No::wrong(403, "IncompleteSignature: no date"))?;
    let kind = came.header("content-type").to_owned();
    let url = format!("http://{}/", came.header("host"));
    let is_signed_by = |key: &str| {
        let unsigned = Unsigned {
            method: &Method::POST,
            url: &url,
            headers: &[("content-type", &kind)],
            body: &came.body,
        };
        let expected = sign(key.as_bytes(), unsigned, Scope { region, service, at });
        expected.is_ok_and(|h| h.get("authorization") == came.headers.get("authorization"))
    };
    if is_signed_by(AWS_ADMIN) {
        return Ok(AWS_ADMIN.to_owned());
    }
    let found =
        keys.keys.iter().find(|key| is_pair(key) && is_signed_by(&key.secret)).map(|k| k.secret.clone());
    match found {
        Some(key) if keys.takes(&|secret| secret == key) => Ok(key),
        Some(_) => {
            Err(No::so(403, "InvalidClientTokenId: The security token included in the request is invalid."))
        }
        None => Err(No::so(403, "SignatureDoesNotMatch: The request signature does not match.")),
    }
}

fn is_pair(key: &AdminKey) -> bool {
    key.id.starts_with("AKIA")
}

fn time(seconds: i64) -> String {
    Millis(seconds * 1_000).to_string().replace(".000", "")
}

fn status(key: &AdminKey) -> &'static str {
    if key.disabled { "Inactive" } else { "Active" }
}

fn access_key(key: &AdminKey) -> String {
    format!(
        "<member><UserName>{AWS_USER}</UserName><AccessKeyId>{}</AccessKeyId><Status>{}</Status><CreateDate>{}</CreateDate></member>",
        key.id,
        status(key),
        time(key.created_at)
    )
}

fn bedrock_key(key: &AdminKey) -> String {
    let ends =
        key.expires_at.map_or(String::new(), |at| format!("<ExpirationDate>{}</ExpirationDate>", time(at)));
    format!(
        "<member><CreateDate>{}</CreateDate><ServiceName>{BEDROCK}</ServiceName><ServiceSpecificCredentialId>{}</ServiceSpecificCredentialId>\
         <Status>{}</Status><UserName>{AWS_USER}</UserName><ServiceCredentialAlias>{AWS_USER}-at-1</ServiceCredentialAlias>{ends}</member>",
        time(key.created_at),
        key.id,
        status(key)
    )
}

fn last_used(keys: &mut Keys, form: &Form) -> Done {
    form.only(&["AccessKeyId"], &[])?;
    let key = keys.keys.iter().find(|key| key.id == form.get("AccessKeyId") && !key.deleted);
    let key = key.ok_or_else(|| No::so(404, "NoSuchEntity: The access key cannot be found."))?;
    let used = match key.last_used_at {
        Some(at) => format!(
            "<LastUsedDate>{}</LastUsedDate><ServiceName>bedrock</ServiceName><Region>eu-central-1</Region>",
            time(at)
        ),
        None => "<ServiceName>N/A</ServiceName><Region>N/A</Region>".to_owned(),
    };
    told(
        "GetAccessKeyLastUsed",
        &format!("<UserName>{AWS_USER}</UserName><AccessKeyLastUsed>{used}</AccessKeyLastUsed>"),
    )
}

fn room(keys: &Keys, pairs: bool) -> Result<(), No> {
    let there = keys.keys.iter().filter(|k| !k.deleted && !k.admin && is_pair(k) == pairs).count();
    match there < MOST {
        true => Ok(()),
        false => Err(No::so(409, "LimitExceeded: Cannot exceed quota for keys per user: 2")),
    }
}

fn create_access_key(keys: &mut Keys, form: &Form) -> Done {
    form.only(&["UserName"], &[])?;
    room(keys, true)?;
    let mut key = keys.made("AKIA", "");
    key.id = format!("AKIASCRIPTED{:08}", keys.keys.len());
    let secret = format!("s3cr/et+{:032}", keys.keys.len() * 7_919);
    key.secret = format!("{}:{secret}", key.id);
    let result = format!(
        "<AccessKey><UserName>{AWS_USER}</UserName><AccessKeyId>{}</AccessKeyId><Status>Active</Status>\
         <SecretAccessKey>{secret}</SecretAccessKey><CreateDate>{}</CreateDate></AccessKey>",
        key.id,
        time(key.created_at)
    );
    keys.add(key);
    told("CreateAccessKey", &result)
}

fn create_bedrock_key(keys: &mut Keys, form: &Form) -> Done {
    form.only(&["UserName", "ServiceName"], &["CredentialAgeDays"])?;
    if form.get("ServiceName") != BEDROCK {
        return Err(No::wrong(404, "NoSuchEntity: no such service"));
    }
    room(keys, false)?;
    let mut key = keys.made("ACCA", "");
    key.id = format!("ACCASCRIPTED{:08}", keys.keys.len());
    key.secret = format!("ABSKscripted{:032}", keys.keys.len() * 7_919);
    key.expires_at = form.get("CredentialAgeDays").parse::<i64>().ok().map(|days| keys.now + days * 86_400);
    let row = bedrock_key(&key);
    let row = row.trim_start_matches("<member>").trim_end_matches("</member>");
    let result = format!(
        "<ServiceSpecificCredential>{row}<ServiceCredentialSecret>{}</ServiceCredentialSecret></ServiceSpecificCredential>",
        key.secret
    );
    keys.add(key);
    told("CreateServiceSpecificCredential", &result)
}

fn switch(keys: &mut Keys, form: &Form, field: &str) -> Done {
    let key = keys.keys.iter_mut().find(|key| key.id == form.get(field) && !key.deleted && !key.admin);
    let key = key.ok_or_else(|| No::so(404, "NoSuchEntity: The key cannot be found."))?;
    key.disabled = match form.get("Status") {
        "Active" => false,
        "Inactive" => true,
        _ => return Err(No::wrong(400, "ValidationError: Status")),
    };
    told(form.get("Action"), "")
}

fn delete(keys: &mut Keys, form: &Form, field: &str) -> Done {
    let id = form.get(field).to_owned();
    if !keys.keys.iter().any(|key| key.id == id && !key.deleted && !key.admin) {
        return Err(No::so(404, "NoSuchEntity: The key cannot be found."));
    }
    keys.kill(&id);
    told(form.get("Action"), "")
}
