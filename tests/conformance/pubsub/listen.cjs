// An old PubSub program: @twurple/pubsub as it was last released, told only the new address.
// Reads { url, token, userId } from the environment variable PUBSUB_CLIENT; prints a line of JSON
// for each thing that its handlers are given.
"use strict";
const { PubSubClient } = require("@twurple/pubsub");

const { url, token, userId } = JSON.parse(process.env.PUBSUB_CLIENT);
const say = (what, fields) => process.stdout.write(JSON.stringify({ what, ...fields }) + "\n");

// An old program has its token from somewhere; the library asks for it by this interface.
const scopes = ["whispers:read", "bits:read", "channel:read:redemptions", "channel:moderate"];
const authProvider = {
  clientId: "old-program",
  getCurrentScopesForUser: () => [...scopes, "channel_subscriptions"],
  getAccessTokenForUser: async () => ({
    accessToken: token,
    refreshToken: null,
    scope: [...scopes, "channel_subscriptions", "channel:read:subscriptions"],
    expiresIn: null,
    obtainmentTimestamp: Date.now(),
    userId,
  }),
};

const client = new PubSubClient({ authProvider, logger: { minLevel: "critical" } });
const basic = client._basicClient;
basic._connection._target = { url }; // the address, and nothing else
basic.onConnect(() => say("connected"));
basic.onDisconnect(() => say("disconnected"));
basic.onPong(() => say("pong"));
client.onListenError((handler, error, isFirst) =>
  say("refused", { topic: handler.topic, error: error.message, isFirst }),
);

client.onWhisper(userId, (message) =>
  say("whisper", {
    text: message.text,
    senderId: message.senderId,
    senderName: message.senderName,
    senderDisplayName: message.senderDisplayName,
  }),
);
client.onBits(userId, (message) =>
  say("bits", { bits: message.bits, text: message.message, userId: message.userId, total: message.totalBits }),
);
client.onSubscription(userId, (message) =>
  say("subscription", { userId: message.userId, plan: message.subPlan, isGift: message.isGift }),
);
client.onRedemption(userId, (message) =>
  say("redemption", { userId: message.userId, reward: message.rewardTitle, cost: message.rewardCost }),
);
