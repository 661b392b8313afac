// Follows a conversation as long as a component is shown.
import { useEffect, useState, useSyncExternalStore } from "react";
import { browserTimers } from "../../core/timers";
import { useDesk } from "../desk-context";
import { FollowedChat } from "./followed-chat";

/** The chat, followed; a stream of `way` is not gone on with as another. */
export function useFollowed(conversationId: string, way: string): FollowedChat | undefined {
  const { clients, tokens, me } = useDesk();
  const { userId } = me;
  const [followed, setFollowed] = useState<FollowedChat>();
  useEffect(() => {
    const next = new FollowedChat({ conversationId, userId, clients, tokens, timers: browserTimers });
    next.start();
    setFollowed(next);
    return () => next.stop();
  }, [conversationId, userId, clients, tokens, way]);
  useSyncExternalStore(followed?.subscribe ?? noSubscription, () => followed?.snapshot());
  return followed;
}

const noSubscription = () => () => {};
