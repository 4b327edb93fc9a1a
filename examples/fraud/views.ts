/** What is odd about a card's payments: two patterns of several, and a view of each against the rest. */
import { pattern, view } from "millrace"

export const cardTesting = pattern("card_testing", {
  description:
    "Three or more payments under two euros, then a large one, within ten minutes: a stolen card is tried.",
  from: "payment",
  key: "card",
  steps: [
    { name: "probe", where: "amount < 2", times: { atLeast: 3 } },
    { name: "hit", where: "amount > 500" },
  ],
  // Ordinary payments may lie between.
  contiguity: "relaxed",
  within: "10 minutes",
  select: `card, first(probe.paid_at) AS began, paid_at AS hit_at, count(probe.*) AS probes,
    sum(probe.amount) AS probed, hit.amount AS amount, hit.merchant AS merchant`,
})

/** Kilometres between the asked row and the payment before it, on a sphere (haversine). */
const KILOMETRES = `
  12742 * asin(sqrt(
    power(sin(radians(latitude - seen.latitude) / 2), 2)
    + cos(radians(seen.latitude)) * cos(radians(latitude))
      * power(sin(radians(longitude - seen.longitude) / 2), 2)))`

export const impossibleTravel = pattern("impossible_travel", {
  description: "The card was in two places, and nothing that flies covers the distance in the time between.",
  from: "payment",
  key: "card",
  steps: [
    { name: "seen", where: "latitude IS NOT NULL AND longitude IS NOT NULL" },
    { name: "online", where: "latitude IS NULL OR longitude IS NULL", times: { atLeast: 0 } },
    // A thousand kilometres an hour; the same shop and its neighbours are none.
    {
      name: "elsewhere",
      where: `latitude IS NOT NULL AND longitude IS NOT NULL AND ${KILOMETRES} > 50
        AND ${KILOMETRES} * 3600 > 1000 * date_part('epoch', paid_at - seen.paid_at)`,
    },
  ],
  within: "12 hours",
  // The second place may be the first of another pair.
  afterMatch: "skip to last elsewhere",
  select: `card, seen.paid_at AS seen_at, paid_at AS elsewhere_at, seen.merchant AS merchant,
    elsewhere.merchant AS next_merchant`,
})

export const unusualAmounts = view("unusual_amounts", {
  description: "Ten times what the card's twenty payments before were on average, five of them at least.",
  sql: `
    SELECT payment_id, card, paid_at, amount, usual
    FROM (
      SELECT payment_id, card, paid_at, amount,
        avg(amount) OVER before AS usual, count(*) OVER before AS payments
      FROM payment
      WINDOW before AS (PARTITION BY card ORDER BY paid_at ROWS BETWEEN 20 PRECEDING AND 1 PRECEDING)
    ) AS compared
    WHERE payments >= 5 AND amount > 10 * usual`,
  // A late payment changes what was usual, so every payment is kept. A card has a few thousand.
  state: "unbounded",
})
