//! Scripts: drafts, what is wrong with them, and what is published of them.

use super::Content;
use crate::script::{LARGEST, Release, Script, ScriptContent, Version, check_draft, invalid};
use crate::store::{Listing, NamePlace, New};
use onqueue_model::{Caller, DivisionId, Fault, ScriptId, permissions};
use onqueue_script::{Mention, MentionKind, Problem};
use onqueue_server::resource::{Once, Page, name};
use std::{collections::BTreeSet, sync::Arc};

/// What is to be set about a script; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ScriptChange {
    pub name: Option<String>,
    pub description: Option<String>,
    pub division: Option<DivisionId>,
    pub document: Option<String>,
}

impl ScriptChange {
    fn of(&self, present: &ScriptContent) -> ScriptContent {
        let present = present.clone();
        ScriptContent {
            name: self.name.clone().unwrap_or(present.name),
            description: self.description.clone().unwrap_or(present.description),
            division: self.division.unwrap_or(present.division),
            document: self.document.clone().unwrap_or(present.document),
        }
    }
}

/// What is said of a document.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    pub problems: Vec<Problem>,
    /// What it names outside itself, each with whether that is known to be missing; none while there are problems.
    pub mentions: Vec<(Mention, bool)>,
}

impl Content {
    /// Makes a script with that draft.
    pub async fn create_script(&self, caller: &Caller, content: ScriptContent, once: Once) -> Result<Script, Fault> {
        self.authority(caller)
            .in_division(permissions::SCRIPT_ADD, content.division)?;
        let by = self.actor(caller);
        let new = New {
            id: self.0.context.ids.id(by.at),
            content,
            once: Some(once),
        };
        Ok(self.0.tables.create_script(caller.organisation, new, by).await?)
    }

    /// Makes a script of a file without problems, under that name or else the file's. SCRIPT_INVALID.
    pub async fn import_script(
        &self,
        caller: &Caller,
        (division, called): (DivisionId, Option<String>),
        document: String,
        once: Once,
    ) -> Result<Script, Fault> {
        self.authority(caller).in_division(permissions::SCRIPT_ADD, division)?;
        let read = onqueue_script::Script::parse(&document).map_err(|problems| invalid(&problems))?;
        check_draft("content", &document)?;
        let own = read.document();
        let called = match called {
            Some(called) => called,
            None => name("name", own.name.nearest(None, &own.default_language))?,
        };
        let description = own.description.as_ref();
        let content = ScriptContent {
            name: called,
            description: description
                .map(|text| text.nearest(None, &own.default_language).to_owned())
                .unwrap_or_default(),
            division,
            document,
        };
        self.create_script(caller, content, once).await
    }

    /// The script, if the caller may see it.
    pub async fn get_script(&self, caller: &Caller, id: ScriptId) -> Result<Script, Fault> {
        let script = self.0.tables.script(caller.organisation, id).await?;
        let script = script.filter(|script| !script.is_deleted);
        let script = script.ok_or_else(|| Fault::not_found("script"))?;
        self.authority(caller).on_script(permissions::SCRIPT_VIEW, &script)?;
        Ok(script)
    }

    /// The scripts that the caller may see, by name.
    pub async fn list_scripts(&self, caller: &Caller, listing: &Listing) -> Result<Page<Script, NamePlace>, Fault> {
        let divisions = self.authority(caller).divisions(permissions::SCRIPT_VIEW);
        let tables = &self.0.tables;
        Ok(tables.list_scripts(caller.organisation, &divisions, listing).await?)
    }

    /// Changes a script or its draft.
    pub async fn update_script(
        &self,
        caller: &Caller,
        (id, etag): (ScriptId, String),
        wanted: ScriptChange,
    ) -> Result<Script, Fault> {
        let (authority, change) = (self.authority(caller), self.change(caller, etag));
        let judge = move |script: &Script| {
            authority.on_script(permissions::SCRIPT_EDIT, script)?;
            let content = wanted.of(&script.content);
            authority.in_division(permissions::SCRIPT_EDIT, content.division)?;
            Ok(content)
        };
        let tables = &self.0.tables;
        Ok(tables
            .update_script(caller.organisation, id, Arc::new(judge), change)
            .await?)
    }

    /// Puts a script away.
    pub async fn delete_script(&self, caller: &Caller, id: ScriptId, etag: String) -> Result<(), Fault> {
        let (authority, change) = (self.authority(caller), self.change(caller, etag));
        let judge = move |script: &Script| authority.on_script(permissions::SCRIPT_DELETE, script);
        let tables = &self.0.tables;
        Ok(tables
            .delete_script(caller.organisation, id, Arc::new(judge), change)
            .await?)
    }

    /// What is wrong with that document, or else with the script's draft, and what it names.
    pub async fn validate_script(
        &self,
        caller: &Caller,
        script: Option<ScriptId>,
        document: String,
    ) -> Result<Looked, Fault> {
        let document = match (script, document.is_empty()) {
            (Some(id), true) => self.get_script(caller, id).await?.content.document,
            (None, _) => document,
            (Some(_), false) => return Err(Fault::field("document", "give a script or a document")),
        };
        if document.len() > LARGEST {
            return Err(Fault::field("document", format!("at most {LARGEST} bytes")));
        }
        match onqueue_script::Script::parse(&document) {
            Err(problems) => Ok(Looked {
                problems,
                mentions: Vec::new(),
            }),
            Ok(script) => Ok(Looked {
                problems: Vec::new(),
                mentions: self.looked_up(caller, script.mentions()).await?,
            }),
        }
    }

    /// Each with whether it is a response that the caller would see, and there is none.
    async fn looked_up(&self, caller: &Caller, mentions: &[Mention]) -> Result<Vec<(Mention, bool)>, Fault> {
        let shortcuts: BTreeSet<&str> = mentions
            .iter()
            .filter(|mention| mention.kind == MentionKind::Response)
            .map(|mention| &*mention.name)
            .collect();
        let divisions = self.authority(caller).divisions(permissions::RESPONSE_VIEW);
        if divisions.is_empty() {
            return Ok(mentions.iter().map(|mention| (mention.clone(), false)).collect());
        }
        let there = self
            .0
            .tables
            .shortcuts_there(caller.organisation, &shortcuts, &divisions)
            .await?;
        let is_missing = |mention: &Mention| mention.kind == MentionKind::Response && !there.contains(&*mention.name);
        Ok(mentions
            .iter()
            .map(|mention| (mention.clone(), is_missing(mention)))
            .collect())
    }

    /// Makes the next version of the draft.
    pub async fn publish_script(
        &self,
        caller: &Caller,
        id: ScriptId,
        etag: String,
    ) -> Result<(Script, Version), Fault> {
        let (authority, change) = (self.authority(caller), self.change(caller, etag));
        let judge = move |script: &Script| {
            authority.on_script(permissions::SCRIPT_PUBLISH, script)?;
            release(&script.content.document)
        };
        let tables = &self.0.tables;
        Ok(tables
            .publish_script(caller.organisation, id, Arc::new(judge), change)
            .await?)
    }

    /// The versions of a script, the newest first.
    pub async fn script_versions(
        &self,
        caller: &Caller,
        id: ScriptId,
        place: (Option<i32>, u64),
    ) -> Result<Page<Version, i32>, Fault> {
        self.get_script(caller, id).await?;
        let tables = &self.0.tables;
        Ok(tables.list_versions(caller.organisation, id, place).await?)
    }

    /// One version.
    pub async fn script_version(&self, caller: &Caller, id: ScriptId, number: i32) -> Result<Version, Fault> {
        self.get_script(caller, id).await?;
        let version = self.0.tables.version(caller.organisation, id, number).await?;
        version.ok_or_else(|| Fault::not_found("script_version"))
    }

    /// A script as a file: what it may be called, and what is in it. 0 is the draft.
    pub async fn export_script(&self, caller: &Caller, id: ScriptId, number: i32) -> Result<(String, String), Fault> {
        let script = self.get_script(caller, id).await?;
        let stem = file_stem(&script.content.name);
        if number == 0 {
            return Ok((format!("{stem}.json"), script.content.document));
        }
        let version = self.script_version(caller, id, number).await?;
        Ok((format!("{stem}-v{number}.json"), version.document))
    }
}

/// What can be published of a draft. SCRIPT_INVALID.
pub fn release(document: &str) -> Result<Release, Fault> {
    let script = onqueue_script::Script::parse(document).map_err(|problems| invalid(&problems))?;
    Ok(Release {
        document: script.canonical().to_owned(),
        digest: script.digest().to_owned(),
    })
}

/// A name of a file that every system takes.
fn file_stem(name: &str) -> String {
    let letters = name.to_lowercase();
    let letters = letters
        .chars()
        .map(|letter| if letter.is_alphanumeric() { letter } else { '-' });
    let joined: String = letters.collect();
    let words: Vec<&str> = joined.split('-').filter(|word| !word.is_empty()).collect();
    match words.is_empty() {
        true => "script".to_owned(),
        false => words.join("-"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_names_that_every_system_takes() {
        for (name, expected) in [
            ("Return of goods", "return-of-goods"),
            (" Rückgabe: Ware/Teile ", "rückgabe-ware-teile"),
            ("???", "script"),
        ] {
            assert_eq!(file_stem(name), expected);
        }
    }
}
