"""google-cloud-pubsub and google-cloud-secret-manager, which speak gRPC."""

import os
import subprocess
import threading
import time

import grpc
import pytest
from conftest import fresh
from google.api_core import exceptions
from google.cloud import pubsub_v1


@pytest.fixture
def publisher():
    with pubsub_v1.PublisherClient() as client:
        yield client


@pytest.fixture
def subscriber():
    with pubsub_v1.SubscriberClient() as client:
        yield client


@pytest.fixture
def topic(publisher):
    path = publisher.topic_path(os.environ["GOOGLE_CLOUD_PROJECT"], fresh("topic"))
    publisher.create_topic(name=path)
    yield path
    publisher.delete_topic(topic=path)


@pytest.fixture
def subscription(subscriber, topic):
    path = subscriber.subscription_path(os.environ["GOOGLE_CLOUD_PROJECT"], fresh("subscription"))
    subscriber.create_subscription(name=path, topic=topic)
    yield path
    subscriber.delete_subscription(subscription=path)


def test_messages_are_published_pulled_and_acknowledged(publisher, subscriber, topic, subscription):
    ids = [publisher.publish(topic, f"m{n}".encode(), number=str(n)).result(timeout=30) for n in range(3)]
    assert len(set(ids)) == 3
    received = []
    while len(received) < 3:
        received += subscriber.pull(subscription=subscription, max_messages=10, timeout=30).received_messages
    assert sorted(message.message.data for message in received) == [b"m0", b"m1", b"m2"]
    by_id = {message.message.message_id: message.message for message in received}
    assert [by_id[id].attributes["number"] for id in ids] == ["0", "1", "2"]
    assert abs(by_id[ids[0]].publish_time.timestamp() - time.time()) < 60
    subscriber.acknowledge(subscription=subscription, ack_ids=[message.ack_id for message in received])
    left = subscriber.pull(subscription=subscription, max_messages=1, return_immediately=True)
    assert not left.received_messages


def test_a_stream_receives_what_is_published_and_again_what_is_refused(publisher, subscriber, topic, subscription):
    seen, done = [], threading.Event()

    def handle(message):
        first = message.data not in seen
        seen.append(message.data)
        if first and message.data == b"again":
            message.nack()
        else:
            message.ack()
        if len(seen) == 102:
            done.set()

    flow = pubsub_v1.types.FlowControl(max_messages=5)
    pulling = subscriber.subscribe(subscription, callback=handle, flow_control=flow)
    for number in range(100):
        publisher.publish(topic, str(number).encode())
    publisher.publish(topic, b"again")
    assert done.wait(60), f"{len(seen)} deliveries"
    pulling.cancel()
    pulling.result(timeout=30)
    assert sorted(seen) == sorted([str(number).encode() for number in range(100)] + [b"again"] * 2)
    left = subscriber.pull(subscription=subscription, max_messages=1, return_immediately=True)
    assert not left.received_messages


def test_messages_with_a_key_keep_their_order(subscriber, topic):
    options = pubsub_v1.types.PublisherOptions(enable_message_ordering=True)
    publisher = pubsub_v1.PublisherClient(publisher_options=options)
    path = subscriber.subscription_path(os.environ["GOOGLE_CLOUD_PROJECT"], fresh("ordered"))
    subscriber.create_subscription(request={"name": path, "topic": topic, "enable_message_ordering": True})
    for number in range(10):
        publisher.publish(topic, str(number).encode(), ordering_key="key")
    seen, done = [], threading.Event()

    def handle(message):
        seen.append(int(message.data))
        message.ack()
        if len(seen) == 10:
            done.set()

    pulling = subscriber.subscribe(path, callback=handle)
    assert done.wait(60), seen
    pulling.cancel()
    pulling.result(timeout=30)
    assert seen == list(range(10))
    subscriber.delete_subscription(subscription=path)


def test_topics_and_subscriptions_are_listed_and_errors_have_their_kind(publisher, subscriber, topic, subscription):
    project = f"projects/{os.environ['GOOGLE_CLOUD_PROJECT']}"
    assert topic in [known.name for known in publisher.list_topics(project=project)]
    assert list(publisher.list_topic_subscriptions(topic=topic)) == [subscription]
    assert subscriber.get_subscription(subscription=subscription).topic == topic
    with pytest.raises(exceptions.AlreadyExists):
        publisher.create_topic(name=topic)
    with pytest.raises(exceptions.NotFound):
        publisher.get_topic(topic=f"{project}/topics/no-such")
    with pytest.raises(exceptions.NotFound):
        publisher.publish(f"{project}/topics/no-such", b"x").result(timeout=30)
    with pytest.raises(exceptions.InvalidArgument, match="filter"):
        subscriber.create_subscription(request={"name": f"{subscription}-2", "topic": topic, "filter": "attributes.a"})
    with pytest.raises(exceptions.MethodNotImplemented):
        subscriber.seek(request={"subscription": subscription, "snapshot": f"{project}/snapshots/s"})


def test_a_flow_receives_what_a_client_publishes(publisher, subscriber, topic, segue, tmp_path):
    name = topic.rsplit("/", 1)[1]
    flow = tmp_path / "publish.yaml"
    flow.write_text(
        f"""id: {name.replace("_", "-")}
namespace: tests
tasks:
  - id: publish
    type: io.kestra.plugin.gcp.pubsub.Publish
    topic: {name}
    from:
      - data: from the flow
"""
    )
    path = subscriber.subscription_path(os.environ["GOOGLE_CLOUD_PROJECT"], fresh("flow"))
    subscriber.create_subscription(name=path, topic=topic)
    segue("flow", "import", str(flow))
    segue("execution", "run", f"tests.{name.replace('_', '-')}", "--wait")
    (received,) = subscriber.pull(subscription=path, max_messages=1, timeout=30).received_messages
    assert b"from the flow" in received.message.data
    subscriber.delete_subscription(subscription=path)


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_secrets_are_accessed(transport):
    from google.cloud import secretmanager
    from google.cloud.secretmanager_v1.services.secret_manager_service import transports

    address = os.environ["BIGQUERY_EMULATOR_HOST"]
    if transport == "grpc":
        # The client has no variable for an address without TLS, so the program makes the connection.
        channel = grpc.insecure_channel(address.removeprefix("http://"))
        transport = transports.SecretManagerServiceGrpcTransport(channel=channel)
    else:
        transport = transports.SecretManagerServiceRestTransport(
            host=address.removeprefix("http://"), url_scheme="http", always_use_jwt_access=False
        )
    client = secretmanager.SecretManagerServiceClient(transport=transport)
    project = f"projects/{os.environ['GOOGLE_CLOUD_PROJECT']}"
    answer = client.access_secret_version(name=f"{project}/secrets/CLIENT_TEST/versions/latest")
    assert answer.payload.data == b"a secret of the server"
    assert f"{project}/secrets/CLIENT_TEST" in [secret.name for secret in client.list_secrets(parent=project)]
    with pytest.raises(exceptions.NotFound):
        client.access_secret_version(name=f"{project}/secrets/NO_SUCH/versions/latest")


SCRIPT = """
from google.cloud import pubsub_v1
import os
publisher = pubsub_v1.PublisherClient()
topic = publisher.topic_path(os.environ["GOOGLE_CLOUD_PROJECT"], "of-a-script")
publisher.create_topic(name=topic)
print("published", publisher.publish(topic, b"x").result(timeout=30))
"""


def test_scripts_of_segue_run_publish_without_a_token(tmp_path):
    """`segue run` lets nobody in without a token. Pub/Sub clients have none, so they use a socket."""
    import sys

    flow = tmp_path / "flow.yaml"
    script = tmp_path / "publish.py"
    script.write_text(SCRIPT)
    flow.write_text(
        f"""id: publishes
namespace: tests
tasks:
  - id: script
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner:
      type: io.kestra.plugin.core.runner.Process
    commands:
      - {sys.executable} {script}
"""
    )
    cleared = {name: value for name, value in os.environ.items() if not name.startswith(("PUBSUB_", "GOOGLE_"))}
    done = subprocess.run(
        [os.environ["SEGUE"], "run", str(flow)], env=cleared, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and "published" in done.stdout + done.stderr, done.stdout + done.stderr
