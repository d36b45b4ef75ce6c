// franz-go as foreign-client.ts drives it: see there for what each command prints.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	command, arguments := os.Args[1], os.Args[2:]
	commands := map[string]func(arguments []string) error{"create": create, "produce": produce, "consume": consume}
	if err := commands[command](arguments); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func say(line map[string]any) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

func create(arguments []string) error {
	address, topic := arguments[0], arguments[1]
	partitions, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(address))
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(context.Background(), int32(partitions), 1, nil, topic); err != nil {
		return err
	}
	say(map[string]any{"created": topic})
	return nil
}

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

// Idempotent, with acks=all: franz-go's defaults.
func produce(arguments []string) error {
	address, topic, codec := arguments[0], arguments[1], arguments[4]
	first, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(arguments[3])
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(address), kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(codecs[codec]))
	if err != nil {
		return err
	}
	defer client.Close()
	records := make([]*kgo.Record, count)
	for index := range records {
		number := []byte(strconv.Itoa(first + index))
		records[index] = &kgo.Record{Key: number, Value: number}
	}
	if err := client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		return err
	}
	say(map[string]any{"produced": count})
	return nil
}

// Partitions that the member has now.
type owned struct {
	mutex      sync.Mutex
	partitions []int32
}

func (o *owned) add(_ context.Context, _ *kgo.Client, added map[string][]int32) {
	o.change(func(all []int32) []int32 {
		for _, partitions := range added {
			all = append(all, partitions...)
		}
		return all
	})
}

func (o *owned) remove(_ context.Context, _ *kgo.Client, removed map[string][]int32) {
	o.change(func(all []int32) []int32 {
		for _, partitions := range removed {
			all = slices.DeleteFunc(all, func(partition int32) bool { return slices.Contains(partitions, partition) })
		}
		return all
	})
}

func (o *owned) change(by func([]int32) []int32) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.partitions = by(o.partitions)
	slices.Sort(o.partitions)
	say(map[string]any{"assigned": append([]int32{}, o.partitions...)})
}

func consume(arguments []string) error {
	address, topic, group, protocol := arguments[0], arguments[1], arguments[2], arguments[3]
	var mine owned
	ctx := context.Background()
	options := []kgo.Opt{
		kgo.SeedBrokers(address),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.SessionTimeout(6 * time.Second),
		kgo.HeartbeatInterval(500 * time.Millisecond),
		kgo.OnPartitionsAssigned(mine.add),
		kgo.OnPartitionsRevoked(mine.remove),
		kgo.OnPartitionsLost(mine.remove),
	}
	if protocol == "consumer" {
		options = append(options, kgo.ServerSideBalancer())
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	for {
		fetches := client.PollRecords(ctx, 100)
		numbers := []int{}
		fetches.EachRecord(func(record *kgo.Record) {
			number, err := strconv.Atoi(string(record.Value))
			if err != nil {
				panic(err)
			}
			numbers = append(numbers, number)
		})
		if len(numbers) > 0 {
			if err := client.CommitRecords(ctx, fetches.Records()...); err != nil {
				return err
			}
			say(map[string]any{"consumed": numbers})
		}
		for _, failure := range fetches.Errors() {
			if errors.Is(failure.Err, kgo.ErrClientClosed) {
				return failure.Err
			}
			fmt.Fprintln(os.Stderr, failure.Topic, failure.Partition, failure.Err)
		}
	}
}
