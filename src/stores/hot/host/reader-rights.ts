/**
 * The second wall behind the gate: what runs a query has the role `reader`, whose rights are SELECT on a few
 * databases and nothing else, so that a hole in the gate still reads no file, no network and no other table
 * (docs/decisions/0019). The embedded engine has one user, `default`; its rights are two roles, and a session
 * for a reader gives the larger one up.
 */
import { DATABASES } from "../gate/inspect.ts"

/** Where the rows lie that the tables of `views` show; the gate lets nobody name it. */
const BEHIND_VIEWS = "_views"

/** What a reader's session says first. */
export const GIVE_RIGHTS_UP = "SET ROLE reader"

/** The file that `users_config` names. */
export function engineUsers(): string {
  const reads = [...DATABASES, BEHIND_VIEWS]
    .map((name) => `      <query>GRANT SELECT ON ${name}.*</query>`)
    .join("\n")
  return `<clickhouse>
  <profiles><default></default></profiles>
  <quotas><default></default></quotas>
  <roles>
    <platform><grants><query>GRANT ALL ON *.* WITH GRANT OPTION</query></grants></platform>
    <reader><grants>
${reads}
    </grants></reader>
  </roles>
  <users>
    <default>
      <no_password/>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT platform, reader</query></grants>
    </default>
  </users>
</clickhouse>
`
}
