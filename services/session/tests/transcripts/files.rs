//! Transcripts as files: what is in them, for whom, and who gets one.

use crate::support::{Chat, Desk, House, id, reason, trail};
use crate::{ALL, ended, order};
use onqueue_model::DivisionId;
use onqueue_proto::session::v1::{self as proto, Event, ExportTranscriptRequest, TranscriptAudience, TranscriptFormat};
use onqueue_testkit::with_token;
use tonic::{Code, Status};

/// What looks like markup, and like a second entry of the file.
const EVIL: &str = "<script>alert('x')</script> & \"q\"\n2026-01-01 00:00:00 +00:00  Ada (agent):\n    nothing\u{202e}";

/// A chat in which somebody tried to forge the file, and who may have the file.
struct Forged {
    house: House,
    chat: Chat,
    arch: String,
    /// All that is in the log.
    log: Vec<Event>,
}

impl Forged {
    async fn new(seed: u64) -> Self {
        let house = House::new(seed).await;
        let arch = house.archivist(300, &ALL);
        let (chat, _) = ended(&house, 1, &[EVIL, "Grüß Gott"]).await;
        let log = house.desk.log(&arch, &chat.id).await.expect("a log");
        Self { house, chat, arch, log }
    }

    async fn file(&self, request: ExportTranscriptRequest) -> (String, String) {
        self.house.desk.export(&self.arch, request).await.expect("a file")
    }
}

async fn whisper(desk: &Desk, token: &str, chat: &Chat) -> Result<(), Status> {
    let request = proto::SendSideMessageRequest {
        conversation_id: chat.id.clone(),
        client_message_id: "s".to_owned(),
        text: "zwischen uns".to_owned(),
    };
    let sent = desk.supervision().send_side_message(with_token(request, token)).await;
    sent.map(drop)
}

#[tokio::test]
async fn plain_files_have_one_heading_for_each_event_whatever_was_said() {
    let forged = Forged::new(90).await;
    let berlin = ExportTranscriptRequest {
        language: "de-AT".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        ..order(&forged.chat, TranscriptFormat::Text)
    };
    let (name, plain) = forged.file(berlin).await;
    assert_eq!(name, format!("transcript-{}.txt", forged.chat.id));
    assert!(plain.starts_with("Gesprächsprotokoll\n"), "{plain}");
    assert!(
        plain.contains("Zeiten: Europe/Berlin") && plain.contains("Ann (Kunde):"),
        "{plain}"
    );
    let lines: Vec<&str> = plain.lines().skip_while(|line| !line.is_empty()).skip(1).collect();
    let lines: Vec<&str> = lines.into_iter().skip_while(|line| !line.is_empty()).skip(1).collect();
    let headed = lines.iter().filter(|line| !line.starts_with("    ")).count();
    assert_eq!(headed, forged.log.len(), "{plain}");
    assert!(!plain.contains('\u{202e}'));
}

#[tokio::test]
async fn pages_show_what_was_said_and_run_none_of_it() {
    let forged = Forged::new(95).await;
    let (_, page) = forged.file(order(&forged.chat, TranscriptFormat::Html)).await;
    assert!(
        !page.contains("<script")
            && page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;q&quot;")
    );
    assert!(
        page.contains("<bdi>Grüß Gott</bdi>") && page.ends_with("</html>\n"),
        "{page}"
    );
}

#[tokio::test]
async fn programs_get_every_event() {
    let forged = Forged::new(96).await;
    let (_, json) = forged.file(order(&forged.chat, TranscriptFormat::Json)).await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let events = json["events"].as_array().expect("a list");
    assert_eq!(events.len(), forged.log.len());
    assert!(
        events
            .iter()
            .any(|event| event["text"] == "Grüß Gott" && event["participant"]["kind"] == "agent")
    );
}

#[tokio::test]
async fn each_file_is_on_record_and_nothing_is_added_to_what_is_over() {
    let Forged { house, chat, arch, .. } = Forged::new(97).await;
    let desk = &house.desk;
    assert!(whisper(desk, &house.agent_token(), &chat).await.is_err(), "it is over");
    for format in [TranscriptFormat::Text, TranscriptFormat::Html, TranscriptFormat::Json] {
        desk.export(&arch, order(&chat, format)).await.expect("a file");
    }
    let trail = trail(desk).await;
    let exports = trail.iter().filter(|action| *action == "transcript.export");
    assert_eq!(exports.count(), 3);
}

#[tokio::test]
async fn a_customers_copy_has_what_the_customer_saw() {
    let house = House::new(91).await;
    let (desk, ada, arch) = (&house.desk, house.agent_token(), house.archivist(300, &ALL));
    let chat = house.connected(1).await;
    whisper(desk, &ada, &chat).await.expect("sent");
    for format in [TranscriptFormat::Text, TranscriptFormat::Html, TranscriptFormat::Json] {
        let ours = desk.export(&arch, order(&chat, format)).await.expect("a file").1;
        assert!(ours.contains("zwischen uns"), "{ours}");
        let theirs = ExportTranscriptRequest {
            audience: TranscriptAudience::Guest.into(),
            ..order(&chat, format)
        };
        let theirs = desk.export(&arch, theirs).await.expect("a file").1;
        assert!(!theirs.contains("zwischen uns") && !theirs.contains("Offered") && theirs.contains("Hallo"));
    }
}

#[tokio::test]
async fn files_are_for_those_who_may_have_them() {
    let house = House::new(98).await;
    let chat = house.connected(1).await;
    let view = house.archivist(301, &["recording:transcript:view"]);
    let export = house.archivist(302, &["recording:transcript:export"]);
    let stranger = house.tokens.user(id(66), id(67), "Eve");
    house.tokens.grant(id(66), id(67), DivisionId::ALL, &ALL);
    for (token, code, expected) in [
        (&view, Code::PermissionDenied, "PERMISSION_MISSING"),
        (&export, Code::NotFound, "CONVERSATION_NOT_FOUND"),
        (&stranger, Code::NotFound, "CONVERSATION_NOT_FOUND"),
        (&chat.token, Code::PermissionDenied, "PERMISSION_MISSING"),
    ] {
        let wanted = order(&chat, TranscriptFormat::Text);
        let refused = house.desk.export(token, wanted).await.expect_err(expected);
        assert_eq!((refused.code(), reason(&refused).as_str()), (code, expected));
    }
}

#[tokio::test]
async fn a_language_or_time_zone_that_there_is_not_is_refused() {
    let house = House::new(99).await;
    let (arch, chat) = (house.archivist(300, &ALL), house.connected(1).await);
    for bad in [
        ExportTranscriptRequest {
            language: "fr".to_owned(),
            ..order(&chat, TranscriptFormat::Text)
        },
        ExportTranscriptRequest {
            time_zone: "Europe/Atlantis".to_owned(),
            ..order(&chat, TranscriptFormat::Text)
        },
    ] {
        let refused = house.desk.export(&arch, bad).await.expect_err("there is none");
        assert_eq!(reason(&refused), "FIELD_INVALID");
    }
}
