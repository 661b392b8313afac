"""One chat through the public door with a client that other people's tools made from the protos.

A guest starts a chat and follows it; an agent goes on queue, is alerted, accepts and answers; the guest reads the answer and
ends the chat; both see the end.

    ONQUEUE_ADDRESS      http://host:port of the public door
    ONQUEUE_CREDENTIALS  the file that `onqueue serve --demo --credentials FILE` wrote
    ONQUEUE_GENERATED    where the generated code goes (a temporary folder without it)
"""

import json
import os
import pathlib
import sys
import tempfile
import unittest
import uuid

import grpc
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTOS = ROOT / "proto"
# Seconds that anything may take.
PATIENCE = 30
QUESTION = "Is anybody there? ☎"
ANSWER = "Yes: good day!"


def generate(folder):
    """Makes the Python code from the protos and puts it on the path."""
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(str(path) for path in PROTOS.rglob("*.proto"))
    well_known = pathlib.Path(protoc.__file__).parent / "_proto"
    paths = [f"--proto_path={PROTOS}", f"--proto_path={well_known}"]
    out = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
    if protoc.main(["protoc", *paths, *out, *files]) != 0:
        raise SystemExit("the protos do not compile")
    sys.path.insert(0, str(folder))


def bearer(token):
    """Metadata that says who calls."""
    return [("authorization", f"Bearer {token}")]


class Door:
    """The public door: one connection, the services by name."""

    def __init__(self, address):
        from onqueue.auth.v1 import deployment_pb2_grpc, token_pb2_grpc
        from onqueue.routing.v1 import agent_pb2_grpc
        from onqueue.session.v1 import conversation_pb2_grpc, transcript_pb2_grpc

        self.channel = grpc.insecure_channel(address.removeprefix("http://"))
        self.tokens = token_pb2_grpc.TokenServiceStub(self.channel)
        self.deployments = deployment_pb2_grpc.DeploymentServiceStub(self.channel)
        self.agents = agent_pb2_grpc.AgentServiceStub(self.channel)
        self.conversations = conversation_pb2_grpc.ConversationServiceStub(self.channel)
        self.transcripts = transcript_pb2_grpc.TranscriptServiceStub(self.channel)


class Agent:
    """A user with a routing profile, logged in."""

    def __init__(self, door, organisation, user):
        from onqueue.auth.v1 import token_pb2
        from onqueue.routing.v1 import agent_pb2

        self.door, self.pb = door, agent_pb2
        login = token_pb2.LoginRequest(organisation=organisation, email=user["email"], password=user["password"])
        self.me = bearer(door.tokens.Login(login, timeout=PATIENCE).tokens.access_token)
        self.profile = door.agents.GetAgent(agent_pb2.GetAgentRequest(), metadata=self.me, timeout=PATIENCE).agent

    def can_serve(self, queue, language):
        """Whether a chat of that queue and language may come to this agent."""
        joined = any(one.queue_id == queue.queue_id and one.joined for one in self.profile.queues)
        speaks = any(one.id == language and one.level > 0 for one in self.profile.languages)
        knows = {one.id for one in self.profile.skills if one.level > 0}
        return joined and speaks and set(queue.skill_ids) <= knows

    def go_on_queue(self):
        self.frames = self.door.agents.WatchMe(self.pb.WatchMeRequest(), metadata=self.me, timeout=PATIENCE)
        first = next(self.frames)
        assert first.WhichOneof("frame") == "agent", first
        self.door.agents.GoOnQueue(self.pb.GoOnQueueRequest(), metadata=self.me, timeout=PATIENCE)

    def accept(self, conversation_id):
        """Waits until the chat alerts, and takes it."""
        for frame in self.frames:
            kind = frame.WhichOneof("frame")
            if kind == "heartbeat":
                self.door.agents.Heartbeat(self.pb.HeartbeatRequest(), metadata=self.me, timeout=PATIENCE)
            if kind == "offered" and frame.offered.conversation_id == conversation_id:
                offer = self.pb.AcceptOfferRequest(offer_id=frame.offered.offer_id)
                self.door.agents.AcceptOffer(offer, metadata=self.me, timeout=PATIENCE)
                return frame.offered
        raise AssertionError("the stream ended before the chat alerted")

    def go_off_queue(self):
        self.door.agents.GoOffQueue(self.pb.GoOffQueueRequest(), metadata=self.me, timeout=PATIENCE)


def agents_of(door, credentials):
    """The demo's agents, one after the other: logging in has a limit a minute."""
    for user in credentials["users"]:
        if user["role"] == "Agent":
            yield Agent(door, credentials["organisation"], user)


class FirstChat(unittest.TestCase):
    """A chat from hello to goodbye."""

    def setUp(self):
        self.credentials = json.loads(pathlib.Path(os.environ["ONQUEUE_CREDENTIALS"]).read_text(encoding="utf-8"))
        self.door = Door(os.environ["ONQUEUE_ADDRESS"])
        self.addCleanup(self.door.channel.close)

    def deployment(self):
        from onqueue.auth.v1 import deployment_pb2

        request = deployment_pb2.GetPublicDeploymentRequest(deployment_id=self.credentials["deployment"])
        return self.door.deployments.GetPublicDeployment(request, timeout=PATIENCE)

    def somebody_for(self, queues):
        """A queue, a language and an agent that go together."""
        for agent in agents_of(self.door, self.credentials):
            for queue in queues:
                for language in queue.languages:
                    if agent.can_serve(queue, language):
                        return queue, language, agent
        self.fail("no agent of the demo can serve any of its queues")

    def start(self, queue, language):
        from onqueue.session.v1 import conversation_pb2

        request = conversation_pb2.StartConversationRequest(
            request_id=str(uuid.uuid4()),
            deployment_id=self.credentials["deployment"],
            queue_id=queue.queue_id,
            language=language,
            guest_name="Guido",
            topic="A client in Python",
            first_message=QUESTION,
        )
        started = self.door.conversations.StartConversation(request, timeout=PATIENCE)
        again = self.door.conversations.StartConversation(request, timeout=PATIENCE)
        self.assertEqual(again.conversation.conversation_id, started.conversation.conversation_id)
        return started

    def send(self, who, conversation_id, text):
        from onqueue.session.v1 import conversation_pb2

        request = conversation_pb2.SendMessageRequest(
            conversation_id=conversation_id, client_message_id=str(uuid.uuid4()), text=text
        )
        first = self.door.conversations.SendMessage(request, metadata=who, timeout=PATIENCE)
        again = self.door.conversations.SendMessage(request, metadata=who, timeout=PATIENCE)
        self.assertEqual((again.event_id, again.sequence), (first.event_id, first.sequence))
        return first

    def follow(self, who, conversation_id, cursor=""):
        """Events after the cursor, with the cursor to go on from; what is not an event is passed over."""
        from onqueue.session.v1 import conversation_pb2

        request = conversation_pb2.WatchRequest(conversation_id=conversation_id, cursor=cursor)
        for frame in self.door.conversations.Watch(request, metadata=who, timeout=PATIENCE):
            if frame.WhichOneof("frame") == "event":
                yield frame.event, frame.cursor

    def follow_until(self, frames, wanted):
        """Reads on until an event is the wanted one; gives everything read."""
        read = []
        for event, cursor in frames:
            read.append((event, cursor))
            if wanted(event):
                return read
        self.fail(f"the stream ended after {[event.WhichOneof('body') for event, _ in read]}")

    def test_a_guest_asks_and_an_agent_answers(self):
        from onqueue.session.v1 import conversation_pb2, event_pb2

        queue, language, agent = self.somebody_for(self.deployment().queues)
        started = self.start(queue, language)
        chat = started.conversation.conversation_id
        guest = bearer(started.tokens.access_token)
        followed = self.follow(guest, chat)
        read = self.follow_until(followed, lambda event: event.message.text == QUESTION)

        agent.go_on_queue()
        offer = agent.accept(chat)
        self.assertEqual((offer.guest_name, offer.language, offer.queue_id), ("Guido", language, queue.queue_id))
        read += self.follow_until(followed, lambda event: event.participant_joined.kind == event_pb2.PARTICIPANT_KIND_AGENT)
        self.send(agent.me, chat, ANSWER)
        read += self.follow_until(followed, lambda event: event.message.text == ANSWER)
        followed.close()

        numbers = [event.sequence for event, _ in read]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)), "the guest's numbers have no gap")

        end = conversation_pb2.EndConversationRequest(conversation_id=chat)
        self.door.conversations.EndConversation(end, metadata=guest, timeout=PATIENCE)
        resumed = self.follow(guest, chat, read[-1][1])
        rest = self.follow_until(resumed, lambda event: event.WhichOneof("body") == "ended")
        self.assertEqual(rest[0][0].sequence, numbers[-1] + 1, "the cursor goes on where it was")
        self.assertEqual(rest[-1][0].ended.reason, event_pb2.END_REASON_GUEST_LEFT)
        agent.go_off_queue()
        self.transcript_is_what_was_followed(agent, chat)

    def transcript_is_what_was_followed(self, agent, chat):
        from onqueue.session.v1 import transcript_pb2

        request = transcript_pb2.ListEventsRequest(conversation_id=chat)
        events = self.door.transcripts.ListEvents(request, metadata=agent.me, timeout=PATIENCE).events
        said = [event.message.text for event in events if event.WhichOneof("body") == "message"]
        self.assertEqual(said, [QUESTION, ANSWER])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        generate(pathlib.Path(os.environ.get("ONQUEUE_GENERATED", folder)))
        unittest.main(verbosity=2)
