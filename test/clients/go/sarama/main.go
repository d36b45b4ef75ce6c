// sarama as foreign-client.ts drives it: see there for what each command prints.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/IBM/sarama"
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

func configuration() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	return config
}

func create(arguments []string) error {
	address, topic := arguments[0], arguments[1]
	partitions, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	admin, err := sarama.NewClusterAdmin([]string{address}, configuration())
	if err != nil {
		return err
	}
	defer admin.Close()
	detail := &sarama.TopicDetail{NumPartitions: int32(partitions), ReplicationFactor: 1}
	if err := admin.CreateTopic(topic, detail, false); err != nil {
		return err
	}
	say(map[string]any{"created": topic})
	return nil
}

var codecs = map[string]sarama.CompressionCodec{
	"none":   sarama.CompressionNone,
	"gzip":   sarama.CompressionGZIP,
	"snappy": sarama.CompressionSnappy,
	"lz4":    sarama.CompressionLZ4,
	"zstd":   sarama.CompressionZSTD,
}

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
	config := configuration()
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Idempotent = true
	config.Producer.Compression = codecs[codec]
	config.Producer.Return.Successes = true
	config.Net.MaxOpenRequests = 1
	producer, err := sarama.NewSyncProducer([]string{address}, config)
	if err != nil {
		return err
	}
	defer producer.Close()
	messages := make([]*sarama.ProducerMessage, count)
	for index := range messages {
		number := sarama.StringEncoder(strconv.Itoa(first + index))
		messages[index] = &sarama.ProducerMessage{Topic: topic, Key: number, Value: number}
	}
	if err := producer.SendMessages(messages); err != nil {
		return err
	}
	say(map[string]any{"produced": count})
	return nil
}

// A generation of the group, as this member lives it.
type handler struct{}

func (handler) Setup(session sarama.ConsumerGroupSession) error {
	partitions := []int32{}
	for _, claimed := range session.Claims() {
		partitions = append(partitions, claimed...)
	}
	slices.Sort(partitions)
	say(map[string]any{"assigned": partitions})
	return nil
}

func (handler) Cleanup(sarama.ConsumerGroupSession) error {
	say(map[string]any{"assigned": []int32{}})
	return nil
}

func (handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	numbers := []int{}
	for {
		select {
		case message, isOpen := <-claim.Messages():
			if !isOpen {
				return nil
			}
			number, err := strconv.Atoi(string(message.Value))
			if err != nil {
				return err
			}
			session.MarkMessage(message, "")
			numbers = append(numbers, number)
			if len(claim.Messages()) == 0 {
				session.Commit()
				say(map[string]any{"consumed": numbers})
				numbers = []int{}
			}
		case <-session.Context().Done():
			return nil
		}
	}
}

func consume(arguments []string) error {
	address, topic, group := arguments[0], arguments[1], arguments[2]
	config := configuration()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Heartbeat.Interval = 500 * time.Millisecond
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategyRange()}
	for {
		// The client is made anew when the broker was away for longer than it tries.
		members, err := sarama.NewConsumerGroup([]string{address}, group, config)
		for err == nil {
			err = members.Consume(context.Background(), []string{topic}, handler{})
		}
		if errors.Is(err, sarama.ErrClosedConsumerGroup) {
			return err
		}
		fmt.Fprintln(os.Stderr, err)
		if members != nil {
			members.Close()
		}
		time.Sleep(200 * time.Millisecond)
	}
}
