// Google's clients for Go. Each step fails with what it found instead.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
)

var (
	id      = fmt.Sprintf("%d", time.Now().UnixNano())
	project = os.Getenv("GOOGLE_CLOUD_PROJECT")
)

func same(found, wanted any) error {
	if fmt.Sprint(found) != fmt.Sprint(wanted) {
		return fmt.Errorf("%v instead of %v", found, wanted)
	}
	return nil
}

func objects(ctx context.Context) error {
	client, err := storage.NewClient(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	bucket := client.Bucket("go-" + id)
	if err := bucket.Create(ctx, project, nil); err != nil {
		return err
	}
	large := bytes.Repeat([]byte("x"), 3<<20)
	for name, content := range map[string][]byte{"a/one.txt": []byte("hello"), "a/two.txt": large} {
		writer := bucket.Object(name).NewWriter(ctx)
		// Larger objects are sent in several requests.
		writer.ChunkSize = 1 << 20
		if _, err := writer.Write(content); err != nil {
			return err
		}
		if err := writer.Close(); err != nil {
			return err
		}
	}
	reader, err := bucket.Object("a/two.txt").NewRangeReader(ctx, 10, 5)
	if err != nil {
		return err
	}
	part, err := io.ReadAll(reader)
	if err := errors.Join(err, reader.Close(), same(string(part), "xxxxx")); err != nil {
		return err
	}
	copied, err := bucket.Object("b/one.txt").CopierFrom(bucket.Object("a/one.txt")).Run(ctx)
	if err := errors.Join(err, same(copied.Size, 5)); err != nil {
		return err
	}
	if _, err := bucket.Object("c").Attrs(ctx); !errors.Is(err, storage.ErrObjectNotExist) {
		return fmt.Errorf("an object that does not exist: %v", err)
	}
	var names []string
	for found := bucket.Objects(ctx, nil); ; {
		object, err := found.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return err
		}
		names = append(names, object.Name)
		if err := bucket.Object(object.Name).Delete(ctx); err != nil {
			return err
		}
	}
	return errors.Join(same(names, []string{"a/one.txt", "a/two.txt", "b/one.txt"}), bucket.Delete(ctx))
}

func rows(found *bigquery.RowIterator) (all [][]bigquery.Value, err error) {
	for {
		var row []bigquery.Value
		err := found.Next(&row)
		if errors.Is(err, iterator.Done) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
}

func tables(ctx context.Context) error {
	// This client has no variable for an address.
	client, err := bigquery.NewClient(ctx, project, option.WithEndpoint(os.Getenv("BIGQUERY_EMULATOR_HOST")+"/bigquery/v2/"))
	if err != nil {
		return err
	}
	defer client.Close()
	ask := func(sql string, parameters ...bigquery.QueryParameter) ([][]bigquery.Value, error) {
		query := client.Query(sql)
		query.Parameters = parameters
		found, err := query.Read(ctx)
		if err != nil {
			return nil, err
		}
		return rows(found)
	}
	found, err := ask("SELECT @n + 1, @s, [1, 2], STRUCT(TRUE AS yes), DATE '2024-01-02', NUMERIC '1.5'",
		bigquery.QueryParameter{Name: "n", Value: 1}, bigquery.QueryParameter{Name: "s", Value: "text"})
	if err := errors.Join(err, same(found, "[[2 text [1 2] [true] 2024-01-02 3/2]]")); err != nil {
		return err
	}
	dataset := client.Dataset("go_" + id)
	if err := dataset.Create(ctx, nil); err != nil {
		return err
	}
	type item struct {
		ID   int    `bigquery:"id"`
		Name string `bigquery:"name"`
	}
	schema, err := bigquery.InferSchema(item{})
	if err != nil {
		return err
	}
	table := dataset.Table("t")
	if err := table.Create(ctx, &bigquery.TableMetadata{Schema: schema}); err != nil {
		return err
	}
	if err := table.Inserter().Put(ctx, []item{{1, "a"}, {2, "b"}}); err != nil {
		return err
	}
	source := bigquery.NewReaderSource(strings.NewReader("id,name\n3,c\n"))
	source.SourceFormat, source.SkipLeadingRows = bigquery.CSV, 1
	job, err := table.LoaderFrom(source).Run(ctx)
	if err != nil {
		return err
	}
	status, err := job.Wait(ctx)
	if err != nil {
		return err
	}
	if err := status.Err(); err != nil {
		return err
	}
	found, err = ask(fmt.Sprintf("SELECT name FROM go_%s.t ORDER BY id", id))
	if err := errors.Join(err, same(found, "[[a] [b] [c]]")); err != nil {
		return err
	}
	read, err := rows(table.Read(ctx))
	if err := errors.Join(err, same(len(read), 3)); err != nil {
		return err
	}
	if _, err := ask("SELECT * FROM no_such.table"); err == nil || !strings.Contains(err.Error(), "ot found") {
		return fmt.Errorf("a table that does not exist: %v", err)
	}
	return dataset.DeleteWithContents(ctx)
}

func messages(ctx context.Context) error {
	client, err := pubsub.NewClient(ctx, project)
	if err != nil {
		return err
	}
	defer client.Close()
	topic := &pubsubpb.Topic{Name: fmt.Sprintf("projects/%s/topics/go-%s", project, id)}
	if _, err := client.TopicAdminClient.CreateTopic(ctx, topic); err != nil {
		return err
	}
	subscription := &pubsubpb.Subscription{Name: fmt.Sprintf("projects/%s/subscriptions/go-%s", project, id), Topic: topic.Name}
	if _, err := client.SubscriptionAdminClient.CreateSubscription(ctx, subscription); err != nil {
		return err
	}
	publisher := client.Publisher(topic.Name)
	sent, err := publisher.Publish(ctx, &pubsub.Message{Data: []byte("hello"), Attributes: map[string]string{"a": "b"}}).Get(ctx)
	publisher.Stop()
	if err != nil {
		return err
	}
	receiving, stop := context.WithCancel(ctx)
	var received *pubsub.Message
	err = client.Subscriber(subscription.Name).Receive(receiving, func(_ context.Context, message *pubsub.Message) {
		received = message
		message.Ack()
		stop()
	})
	stop()
	if err != nil || received == nil {
		return fmt.Errorf("no message came: %v", err)
	}
	return errors.Join(
		same([]string{received.ID, string(received.Data), received.Attributes["a"]}, []string{sent, "hello", "b"}),
		client.SubscriptionAdminClient.DeleteSubscription(ctx, &pubsubpb.DeleteSubscriptionRequest{Subscription: subscription.Name}),
		client.TopicAdminClient.DeleteTopic(ctx, &pubsubpb.DeleteTopicRequest{Topic: topic.Name}),
	)
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	steps := map[string]func(context.Context) error{"storage": objects, "bigquery": tables, "pubsub": messages}
	if err := steps[os.Args[1]](ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("passed")
}
