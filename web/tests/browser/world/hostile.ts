// Names and values as somebody writes them who wants to do harm, or who merely has an unusual one. Whatever runs sets `harmed`.
import shared from "../../../../tests/hostile.json";

/** Fifty of them, none longer than names may be; the tests of the service and of the whole go through the same. */
export const HOSTILE: readonly string[] = shared.values;
