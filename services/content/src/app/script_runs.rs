//! Leading a conversation's agents through a script. A run belongs to the conversation: it is what its stored steps make of the
//! version that it goes by, whoever took them.

use super::conversation_facts::{AllowedLibraries, Facts};
use super::script_refusals::{check_repeat, check_standing, erased, refused, standing_elsewhere};
use super::{Content, name};
use crate::script::{ContactWrite, Run, RunState, Taken, WriteState};
use crate::store::Took;
use onqueue_client::Behalf;
use onqueue_model::{
    Caller, ConversationId, Fault, Language, OrganisationId, Reason, ResponseId, ScriptId, ScriptRunId, UserId,
    permissions,
};
use onqueue_script::{Date, Press, Script, Shown, ShownItem, Value, Went};
use onqueue_server::resource::Once;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How many versions are kept in memory.
const KEPT: u64 = 500;

/// How long whoever takes a step has to bring its answers into the contact.
const AT_ONCE: Duration = Duration::from_secs(5);

/// How the caller looks at a run.
#[derive(Clone, Debug, Default)]
pub struct Glance {
    /// Of the page's texts; the conversation's for `None`.
    pub language: Option<Language>,
    /// Milliseconds by which the caller's clock is ahead of UTC.
    pub ahead: i64,
}

/// A button that is pressed.
#[derive(Clone, Debug)]
pub struct Submission {
    pub run: ScriptRunId,
    /// How many steps the caller has seen.
    pub step: i64,
    pub page: String,
    pub button: String,
    pub values: BTreeMap<String, Value>,
    pub once: Once,
}

/// A run as somebody sees it.
#[derive(Clone, Debug)]
pub struct View {
    pub run: Run,
    pub steps: Vec<Taken>,
    pub writes: Vec<ContactWrite>,
    /// The version that it goes by.
    pub script: Arc<Script>,
    /// Where it stands; `None` when it is over.
    pub page: Option<Shown>,
    /// Of the texts.
    pub language: Option<Language>,
    pub may_submit: bool,
    /// Which responses its queue allows.
    libraries: AllowedLibraries,
}

impl View {
    /// As it is listed.
    pub fn without_page(mut self) -> Self {
        self.page = None;
        self
    }
}

/// What came of beginning a run.
#[derive(Clone, Debug)]
pub struct Begun {
    pub run: Option<View>,
    /// Why there is no run, where that has a reason.
    pub absence: Option<Absence>,
}

impl Begun {
    const fn run(run: Option<View>) -> Self {
        Self { run, absence: None }
    }
}

/// Why no run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// The queue names no script.
    NoScript,
    /// The queue names one that does not exist, or not any more.
    Gone,
    /// It was never published.
    Unpublished,
}

/// Versions that were read: they never change.
pub struct Published(moka::sync::Cache<(OrganisationId, ScriptId, i32), Arc<Script>>);

impl Published {
    pub fn new() -> Self {
        Self(moka::sync::Cache::new(KEPT))
    }
}

/// Somebody, a conversation, and what session says of it to them.
struct Scene<'a> {
    caller: &'a Caller,
    facts: Facts,
    glance: &'a Glance,
    today: Date,
}

impl Scene<'_> {
    /// An agent who takes part. CALLER_NOT_ALLOWED for everybody else.
    fn agent(&self) -> Result<UserId, Fault> {
        let only_agents = || {
            let message = "only an agent who takes part in the conversation can do this";
            Fault::new(Reason::CallerNotAllowed, message)
        };
        self.caller
            .user()
            .filter(|_| self.facts.is_agent)
            .ok_or_else(only_agents)
    }

    fn language(&self) -> Option<Language> {
        let own = self.glance.language.clone();
        own.or_else(|| Language::parse(self.facts.language()))
    }
}

impl Content {
    /// The conversation's run; begins one of the script that its queue names if there is none yet, or says why there is none.
    /// Who only may read begins none.
    pub async fn start_run(
        &self,
        caller: &Caller,
        behalf: &Behalf,
        (conversation, glance): (ConversationId, &Glance),
    ) -> Result<Begun, Fault> {
        let scene = self.scene(caller, behalf, (conversation, glance)).await?;
        let Ok(user) = scene.agent() else {
            let latest = self.latest(caller, conversation).await?;
            return self.seen(latest, &scene).await.map(Begun::run);
        };
        loop {
            let runs = self.0.tables.runs_of(caller.organisation, conversation).await?;
            let of_opening = || runs.iter().filter(|run| run.opening == scene.facts.opening());
            if let Some(open) = of_opening().find(|run| run.state == RunState::Open) {
                return self.view(open.clone(), &scene).await.map(Some).map(Begun::run);
            }
            if let Some(over) = of_opening().find(|run| Some(run.script) == scene.facts.script) {
                return self.view(over.clone(), &scene).await.map(Some).map(Begun::run);
            }
            let number = runs.first().map_or(1, |latest| latest.number + 1);
            if scene.facts.is_over() {
                return Ok(Begun::run(None));
            }
            let new = match self.new_run(&scene, (conversation, number, user)).await? {
                Ok(new) => new,
                Err(absence) => {
                    let absence = Some(absence);
                    return Ok(Begun { run: None, absence });
                }
            };
            // Who was slower reads what the other began.
            if self.0.tables.begin_run(new.clone()).await? {
                return self.view(new, &scene).await.map(Some).map(Begun::run);
            }
        }
    }

    /// A run of the newest version of the script that the queue names.
    async fn new_run(
        &self,
        scene: &Scene<'_>,
        (conversation, number, user): (ConversationId, i32, UserId),
    ) -> Result<Result<Run, Absence>, Fault> {
        let organisation = scene.caller.organisation;
        let Some(id) = scene.facts.script else {
            return Ok(Err(Absence::NoScript));
        };
        let script = self.0.tables.script(organisation, id).await?;
        let Some(script) = script.filter(|script| !script.is_deleted) else {
            return Ok(Err(Absence::Gone));
        };
        if script.version == 0 {
            return Ok(Err(Absence::Unpublished));
        }
        let now = self.0.context.clock.now();
        Ok(Ok(Run {
            organisation,
            id: self.0.context.ids.id(now),
            conversation,
            number,
            opening: scene.facts.opening(),
            script: id,
            script_name: script.content.name,
            version: script.version,
            state: RunState::Open,
            step: 0,
            started_at: now,
            started_by: user,
            ended_at: None,
            ended_by: None,
            erased_at: None,
        }))
    }

    /// That run, or the conversation's latest, for whoever may see the conversation.
    pub async fn get_run(
        &self,
        caller: &Caller,
        behalf: &Behalf,
        (which, glance): (Result<ScriptRunId, ConversationId>, &Glance),
    ) -> Result<Option<View>, Fault> {
        let run = match which {
            Ok(id) => Some(self.run(caller, id).await?),
            Err(_) => None,
        };
        let conversation = match (&run, which) {
            (Some(run), _) => run.conversation,
            (None, Err(conversation)) => conversation,
            (None, Ok(_)) => return Err(no_run()),
        };
        let scene = self.scene(caller, behalf, (conversation, glance)).await?;
        let run = match run {
            Some(run) => Some(run),
            None => self.latest(caller, conversation).await?,
        };
        self.seen(run, &scene).await
    }

    async fn latest(&self, caller: &Caller, conversation: ConversationId) -> Result<Option<Run>, Fault> {
        let runs = self.0.tables.runs_of(caller.organisation, conversation).await?;
        Ok(runs.into_iter().next())
    }

    async fn seen(&self, run: Option<Run>, scene: &Scene<'_>) -> Result<Option<View>, Fault> {
        match run {
            Some(run) => self.view(run, scene).await.map(Some),
            None => Ok(None),
        }
    }

    /// All runs of a conversation, the latest first.
    pub async fn list_runs(
        &self,
        caller: &Caller,
        behalf: &Behalf,
        (conversation, glance): (ConversationId, &Glance),
    ) -> Result<Vec<View>, Fault> {
        let scene = self.scene(caller, behalf, (conversation, glance)).await?;
        let mut views = Vec::new();
        for run in self.0.tables.runs_of(caller.organisation, conversation).await? {
            views.push(self.view(run, &scene).await?);
        }
        Ok(views)
    }

    /// Presses a button of the page where the run stands.
    pub async fn submit_page(
        &self,
        caller: &Caller,
        behalf: &Behalf,
        (asked, glance): (Submission, &Glance),
    ) -> Result<View, Fault> {
        let run = self.run(caller, asked.run).await?;
        let scene = self.scene(caller, behalf, (run.conversation, glance)).await?;
        let user = scene.agent()?;
        let steps = self.0.tables.steps(caller.organisation, run.id).await?;
        if let Some(before) = steps.iter().find(|taken| taken.request == asked.once.request) {
            check_repeat(&asked.once, &before.hash)?;
            return self.view(run, &scene).await;
        }
        check_standing(&run, asked.step)?;
        if scene.facts.is_erased() {
            return Err(erased());
        }
        let script = self.version(&run).await?;
        let state = replayed(&script, &steps)?;
        let facts = scene.facts.for_scripts(caller, scene.today);
        let press = Press {
            page: asked.page,
            button: asked.button,
            values: asked.values,
        };
        let pressed = script
            .press(&state, &press, &facts, scene.language().as_ref())
            .map_err(|why| refused(why, &run))?;
        let now = self.0.context.clock.now();
        let after = match pressed.step.went {
            Went::End => RunState::Completed,
            _ => RunState::Open,
        };
        let taken = Taken {
            number: run.step + 1,
            step: pressed.step,
            at: now,
            user,
            user_name: name(caller).unwrap_or_default(),
            version: run.version,
            request: asked.once.request,
            hash: asked.once.hash.to_vec(),
        };
        let writes = writes(&taken);
        match self.0.tables.take_step(run.clone(), (taken, writes), after).await? {
            Took::Stored => {}
            Took::Before(hash) => check_repeat(&asked.once, &hash)?,
            Took::Late(late) => return Err(standing_elsewhere(&late)),
        }
        let run = self.run(caller, run.id).await?;
        self.view(run, &scene).await
    }

    /// Gives a run up; one that is over stays as it is.
    pub async fn end_run(
        &self,
        caller: &Caller,
        behalf: &Behalf,
        (id, step): (ScriptRunId, i64),
    ) -> Result<View, Fault> {
        let (run, glance) = (self.run(caller, id).await?, Glance::default());
        let scene = self.scene(caller, behalf, (run.conversation, &glance)).await?;
        let user = scene.agent()?;
        if run.state != RunState::Open {
            return self.view(run, &scene).await;
        }
        check_standing(&run, step)?;
        let ended = self.0.tables.end_run(run, user, self.0.context.clock.now()).await?;
        match ended.state {
            RunState::Open => Err(standing_elsewhere(&ended)),
            _ => self.view(ended, &scene).await,
        }
    }

    /// The responses that the run's page offers, by their shortcuts, as far as the caller may use them there.
    pub async fn offered(&self, caller: &Caller, view: &View) -> Result<BTreeMap<String, ResponseId>, Fault> {
        let items = view.page.iter().flat_map(|page| &page.items);
        let shortcuts: Vec<&str> = items
            .filter_map(|item| match item {
                ShownItem::Response { shortcut, .. } => Some(&**shortcut),
                _ => None,
            })
            .collect();
        let divisions = self.authority(caller).divisions(permissions::RESPONSE_VIEW);
        let found = self.0.tables.shortcuts(caller.organisation, &shortcuts).await?;
        let usable = found
            .into_iter()
            .filter(|one| divisions.contains(&one.division) && view.libraries.has(&one.library));
        let mut offered = BTreeMap::new();
        for one in usable {
            offered.entry(one.shortcut).or_insert(one.response);
        }
        Ok(offered)
    }

    async fn scene<'a>(
        &self,
        caller: &'a Caller,
        behalf: &Behalf,
        (conversation, glance): (ConversationId, &'a Glance),
    ) -> Result<Scene<'a>, Fault> {
        let now = self.0.context.clock.now();
        Ok(Scene {
            caller,
            facts: Facts::ask(&self.0.session, behalf, conversation).await?,
            glance,
            today: Date::of_millis(now.millis().saturating_add(glance.ahead)),
        })
    }

    async fn run(&self, caller: &Caller, id: ScriptRunId) -> Result<Run, Fault> {
        let run = self.0.tables.run(caller.organisation, id).await?;
        run.ok_or_else(no_run)
    }

    /// The version that a run goes by. What is read is what was published: its digest says so.
    async fn version(&self, run: &Run) -> Result<Arc<Script>, Fault> {
        let key = (run.organisation, run.script, run.version);
        if let Some(kept) = self.0.published.0.get(&key) {
            return Ok(kept);
        }
        let version = self.0.tables.version(key.0, key.1, key.2).await?;
        let version = version.ok_or_else(|| Fault::internal(format_args!("no version {} of {}", key.2, key.1)))?;
        let script = Script::parse(&version.document).map_err(|problems| {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            Fault::internal(format_args!("version {} of {} cannot be read: {first}", key.2, key.1))
        })?;
        if script.digest() != version.digest {
            return Err(Fault::internal(format_args!(
                "version {} of {} is not what was published",
                key.2, key.1
            )));
        }
        let script = Arc::new(script);
        self.0.published.0.insert(key, Arc::clone(&script));
        Ok(script)
    }

    /// How the run stands, once its answers are on their way into the contact.
    async fn view(&self, run: Run, scene: &Scene<'_>) -> Result<View, Fault> {
        let steps = self.0.tables.steps(run.organisation, run.id).await?;
        let takers = steps.iter().map(|taken| (taken.number, taken.user)).collect();
        let known = self.0.tables.contact_writes((run.organisation, run.id)).await?;
        let is_left = |write: &ContactWrite| match write.state {
            WriteState::Pending => true,
            WriteState::NoContact => scene.facts.has_contact(),
            WriteState::Written | WriteState::Refused => false,
        };
        let writes = match known.iter().any(is_left) {
            true => self.bring(&run, &takers).await?,
            false => known,
        };
        let (script, language) = (self.version(&run).await?, scene.language());
        let page = match (run.state, run.erased_at) {
            (RunState::Open, None) => {
                let facts = scene.facts.for_scripts(scene.caller, scene.today);
                script.show(&replayed(&script, &steps)?, &facts, language.as_ref())
            }
            _ => None,
        };
        Ok(View {
            may_submit: page.is_some() && scene.agent().is_ok(),
            run,
            steps,
            writes,
            script,
            page,
            language,
            libraries: scene.facts.libraries.clone(),
        })
    }
}

fn replayed(script: &Script, steps: &[Taken]) -> Result<onqueue_script::Run, Fault> {
    let replayed = script.replay(steps.iter().map(|taken| &taken.step));
    replayed.map_err(|error| Fault::internal(format_args!("a stored run cannot be replayed: {error}")))
}

/// What a step says of the contact, on its way there.
fn writes(taken: &Taken) -> Vec<ContactWrite> {
    let changes = (0..).zip(&taken.step.contact);
    changes
        .map(|(place, change)| ContactWrite {
            step: taken.number,
            place,
            key: change.key.clone(),
            value: text(&change.value),
            state: WriteState::Pending,
            reason: String::new(),
            attempts: 0,
            at: taken.at,
            // Whoever takes the step brings it there at once.
            due_at: Some(taken.at + AT_ONCE),
        })
        .collect()
}

/// A value as contacts have it.
fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Boolean(is_so) => is_so.to_string(),
        Value::Many(ids) => ids.join(", "),
    }
}

fn no_run() -> Fault {
    Fault::not_found("script_run")
}
