//! Rows of scripts and their runs, and what they mean.

use super::broken;
use super::entities::{contact_write, run, script, step, version};
use crate::script::{ContactWrite, Run, RunState, Script, ScriptContent, Taken, Version, WriteState};
use onqueue_model::{OrganisationId, ScriptRunId, Timestamp};
use onqueue_server::resource::Once;
use onqueue_store::{StoreError, query::fold};
use sea_orm::Set;

impl From<script::Model> for Script {
    fn from(row: script::Model) -> Self {
        Self {
            id: row.script_id.into(),
            revision: row.revision,
            content: ScriptContent {
                name: row.name,
                description: row.description,
                division: row.division_id.into(),
                document: row.draft,
            },
            version: row.published_version,
            digest: row.published_digest,
            published_at: row.published_at.map(Timestamp),
            draft_digest: row.draft_digest,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
            is_deleted: row.deleted_at.is_some(),
        }
    }
}

impl From<version::Model> for Version {
    fn from(row: version::Model) -> Self {
        Self {
            script: row.script_id.into(),
            number: row.version,
            document: row.document,
            digest: row.digest,
            at: Timestamp(row.published_at),
            by: row.published_by,
        }
    }
}

impl TryFrom<run::Model> for Run {
    type Error = StoreError;

    fn try_from(row: run::Model) -> Result<Self, StoreError> {
        Ok(Self {
            organisation: row.organisation_id.into(),
            id: row.run_id.into(),
            conversation: row.conversation_id.into(),
            number: row.number,
            opening: row.opening,
            script: row.script_id.into(),
            script_name: row.script_name,
            version: row.version,
            state: RunState::of(row.state).ok_or_else(|| broken("a run of no state"))?,
            step: row.step,
            started_at: Timestamp(row.started_at),
            started_by: row.started_by.into(),
            ended_at: row.ended_at.map(Timestamp),
            ended_by: row.ended_by.map(Into::into),
            erased_at: row.erased_at.map(Timestamp),
        })
    }
}

impl TryFrom<step::Model> for Taken {
    type Error = StoreError;

    fn try_from(row: step::Model) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.number,
            step: super::rows::read(&row.step)?,
            at: Timestamp(row.at),
            user: row.user_id.into(),
            user_name: row.user_name,
            version: row.version,
            request: row.request_id,
            hash: row.request_hash,
        })
    }
}

impl TryFrom<contact_write::Model> for ContactWrite {
    type Error = StoreError;

    fn try_from(row: contact_write::Model) -> Result<Self, StoreError> {
        Ok(Self {
            step: row.step,
            place: row.place,
            key: row.contact_field,
            value: row.value,
            state: WriteState::of(row.state).ok_or_else(|| broken("an answer of no state"))?,
            reason: row.reason,
            attempts: row.attempts,
            at: Timestamp(row.at),
            due_at: row.due_at.map(Timestamp),
        })
    }
}

/// What a script's row says of its content and its newest version.
pub fn script(organisation: OrganisationId, script: &Script) -> script::ActiveModel {
    let content = &script.content;
    script::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        script_id: Set(script.id.uuid()),
        revision: Set(script.revision),
        name: Set(content.name.clone()),
        name_folded: Set(fold(&content.name)),
        description: Set(content.description.clone()),
        division_id: Set(content.division.uuid()),
        draft: Set(content.document.clone()),
        draft_digest: Set(script.draft_digest.clone()),
        published_version: Set(script.version),
        published_digest: Set(script.digest.clone()),
        published_at: Set(script.published_at.map(Timestamp::millis)),
        updated_at: Set(script.updated_at.millis()),
        ..Default::default()
    }
}

/// The row of a new script.
pub fn new_script(organisation: OrganisationId, new: &Script, once: Option<Once>) -> script::ActiveModel {
    script::ActiveModel {
        request_id: Set(once.map(|once| once.request)),
        request_hash: Set(once.map(|once| once.hash.to_vec())),
        created_at: Set(new.created_at.millis()),
        deleted_at: Set(None),
        ..script(organisation, new)
    }
}

/// The row of a new version.
pub fn new_version(organisation: OrganisationId, new: &Version) -> version::ActiveModel {
    version::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        script_id: Set(new.script.uuid()),
        version: Set(new.number),
        document: Set(new.document.clone()),
        digest: Set(new.digest.clone()),
        published_at: Set(new.at.millis()),
        published_by: Set(new.by.clone()),
    }
}

/// The row of a new run.
pub fn new_run(new: &Run) -> run::ActiveModel {
    run::ActiveModel {
        organisation_id: Set(new.organisation.uuid()),
        run_id: Set(new.id.uuid()),
        conversation_id: Set(new.conversation.uuid()),
        number: Set(new.number),
        opening: Set(new.opening),
        script_id: Set(new.script.uuid()),
        script_name: Set(new.script_name.clone()),
        version: Set(new.version),
        state: Set(new.state as i16),
        step: Set(new.step),
        started_at: Set(new.started_at.millis()),
        started_by: Set(new.started_by.uuid()),
        ended_at: Set(new.ended_at.map(Timestamp::millis)),
        ended_by: Set(new.ended_by.map(onqueue_model::UserId::uuid)),
        erased_at: Set(None),
        erased_answers: Set(0),
    }
}

/// The row of a step that is taken.
pub fn new_step(
    organisation: OrganisationId,
    run: ScriptRunId,
    taken: &Taken,
) -> Result<step::ActiveModel, StoreError> {
    Ok(step::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        run_id: Set(run.uuid()),
        number: Set(taken.number),
        step: Set(super::rows::text(&taken.step)?),
        at: Set(taken.at.millis()),
        user_id: Set(taken.user.uuid()),
        user_name: Set(taken.user_name.clone()),
        version: Set(taken.version),
        request_id: Set(taken.request),
        request_hash: Set(taken.hash.clone()),
    })
}

/// The row of an answer that goes into the contact.
pub fn new_write(organisation: OrganisationId, run: ScriptRunId, write: &ContactWrite) -> contact_write::ActiveModel {
    contact_write::ActiveModel {
        organisation_id: Set(organisation.uuid()),
        run_id: Set(run.uuid()),
        step: Set(write.step),
        place: Set(write.place),
        contact_field: Set(write.key.clone()),
        value: Set(write.value.clone()),
        state: Set(write.state as i16),
        reason: Set(write.reason.clone()),
        attempts: Set(write.attempts),
        at: Set(write.at.millis()),
        due_at: Set(write.due_at.map(Timestamp::millis)),
    }
}
