// Google's clients for Node.js. Each step fails with what it found instead.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { BigQuery } from "@google-cloud/bigquery";
import { PubSub } from "@google-cloud/pubsub";
import { Storage } from "@google-cloud/storage";

const id = randomUUID().slice(0, 8);
const projectId = process.env.GOOGLE_CLOUD_PROJECT;

async function storage() {
  const client = new Storage({ projectId });
  const [bucket] = await client.createBucket(`node-${id}`);
  await bucket.file("a/one.txt").save("hello");
  await bucket.file("a/two.txt").save(Buffer.alloc(600_000, "x"), { resumable: true });
  const [content] = await bucket.file("a/one.txt").download();
  assert.equal(content.toString(), "hello");
  const [files] = await bucket.getFiles({ prefix: "a/" });
  assert.deepEqual(files.map((file) => file.name), ["a/one.txt", "a/two.txt"]);
  const [metadata] = await bucket.file("a/two.txt").getMetadata();
  assert.equal(metadata.size, "600000");
  await bucket.file("a/one.txt").copy(bucket.file("b/one.txt"));
  assert.deepEqual(await bucket.file("b/one.txt").exists(), [true]);
  assert.deepEqual(await bucket.file("c").exists(), [false]);
  await bucket.deleteFiles();
  await bucket.delete();
}

async function bigquery() {
  const client = new BigQuery({ projectId });
  const [rows] = await client.query({
    query: "SELECT @n + 1 AS n, @s AS s, [1, 2] AS list, STRUCT(TRUE AS yes) AS part, DATE '2024-01-02' AS day",
    params: { n: 1, s: "text" },
  });
  assert.equal(rows.length, 1);
  assert.deepEqual([rows[0].n, rows[0].s, rows[0].list, rows[0].part.yes], [2, "text", [1, 2], true]);
  assert.equal(rows[0].day.value, "2024-01-02");
  const [dataset] = await client.createDataset(`node_${id}`);
  const schema = [{ name: "id", type: "INTEGER" }, { name: "name", type: "STRING" }];
  const [table] = await dataset.createTable("t", { schema });
  await table.insert([{ id: 1, name: "a" }, { id: 2, name: "b" }]);
  // With the address of an emulator, the client itself fails to load a local file.
  const [bucket] = await new Storage({ projectId }).createBucket(`load-${id}`);
  const file = bucket.file("more.csv");
  await file.save("id,name\n3,c\n");
  await table.load(file, { sourceFormat: "CSV", skipLeadingRows: 1 });
  await file.delete();
  await bucket.delete();
  const [all] = await client.query(`SELECT * FROM node_${id}.t ORDER BY id`);
  assert.deepEqual(all.map((row) => row.name), ["a", "b", "c"]);
  const [read] = await table.getRows({ maxResults: 10 });
  assert.equal(read.length, 3);
  await assert.rejects(client.query("SELECT * FROM no_such.table"), /[Nn]ot found/);
  await dataset.delete({ force: true });
}

async function pubsub() {
  const client = new PubSub({ projectId });
  const [topic] = await client.createTopic(`node-${id}`);
  const [subscription] = await topic.createSubscription(`node-${id}`);
  const received = new Promise((resolve, reject) => {
    subscription.on("message", (message) => {
      message.ack();
      resolve(message);
    });
    subscription.on("error", reject);
  });
  const sent = await topic.publishMessage({ data: Buffer.from("hello"), attributes: { a: "b" } });
  const message = await received;
  assert.deepEqual([message.id, message.data.toString(), message.attributes.a], [sent, "hello", "b"]);
  await subscription.close();
  await subscription.delete();
  await topic.delete();
  await client.close();
}

const steps = { storage, bigquery, pubsub };
await steps[process.argv[2]]();
console.log("passed");
