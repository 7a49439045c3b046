// An old PubSub program: @twurple/pubsub as it was last released, told only the new address.
// Reads { url, token, userId } from the environment variable PUBSUB_CLIENT; prints a line of JSON
// for each thing that its handlers are given.
"use strict";
const pubsub = require("@twurple/pubsub");

const { url, token, userId } = JSON.parse(process.env.PUBSUB_CLIENT);
const say = (what, fields) => process.stdout.write(JSON.stringify({ what, ...fields }) + "\n");

// What the library makes of each topic's messages, and what is told of it.
const topics = {
  [`whispers.${userId}`]: (data) => {
    const { text, senderId, senderName, senderDisplayName } = new pubsub.PubSubWhisperMessage(data);
    say("whisper", { text, senderId, senderName, senderDisplayName });
  },
  [`channel-bits-events-v2.${userId}`]: (data) => {
    const { bits, message, userId: from, userName, isAnonymous } = new pubsub.PubSubBitsMessage(data);
    say("bits", { bits, message, userId: from, userName, isAnonymous });
  },
  [`channel-subscribe-events-v1.${userId}`]: (data) => {
    const { userId: from, userName, subPlan, isGift, isResub } = new pubsub.PubSubSubscriptionMessage(data);
    say("subscription", { userId: from, userName, subPlan, isGift, isResub });
  },
  [`channel-points-channel-v1.${userId}`]: (data) => {
    const { userId: from, rewardTitle, rewardCost, channelId } = new pubsub.PubSubRedemptionMessage(data);
    say("redemption", { userId: from, rewardTitle, rewardCost, channelId });
  },
};

const client = new pubsub.BasicPubSubClient({ logger: { minLevel: "critical" } });
client._connection._target = { url }; // the address, and nothing else
client.onConnect(() => say("connected"));
client.onDisconnect((manually) => say(manually ? "went" : "disconnected"));
client.onListenError((topic, error) => say("refused", { topic, error: error.message }));
client.onMessage((topic, data) => topics[topic](data));
client.listen(Object.keys(topics), token);
client.connect();
