/** What the first tab holds: how to sign in, against the sandbox where the server names one. */

export const HEADERS = JSON.stringify({ Authorization: "Bearer paste the token here" }, null, 2);

export const VARIABLES = JSON.stringify({ code: "paste the code here" }, null, 2);

const OPERATIONS = `mutation SignIn($code: String!) {
  login(input: { code: $code }) {
    __typename
    ... on LoginSuccess {
      token
      expiresAt
      isNewUser
      user {
        id
        nickname
        createdAt
      }
    }
    ... on Problem {
      code
      message
      recovery
    }
  }
}

query Me {
  me {
    id
    nickname
    createdAt
  }
  session {
    expiresAt
  }
}
`;

/** The comment on where a code comes from; `sandbox` is the sandbox's address, null where the server has none. */
export function hint(sandbox: string | null): string {
  return sandbox === null
    ? `# 1. Get a code: wx.login() in the mini program.`
    : `# 1. Get a code, as wx.login() gives one on a phone:
#
# curl -sX POST ${sandbox}/_sandbox/wx/login`;
}

/** The first tab's document, around the given hint. */
export function document(hint: string): string {
  return `# Sign in, then ask who you are.
#
${hint}
#
# 2. Paste the code under Variables and run SignIn.
#    A code works once, within five minutes.
#
# 3. Paste the token that comes back under Headers
#    and run Me. A wrong token: UNAUTHENTICATED.
#    Headers are forgotten when the page is reloaded.

${OPERATIONS}`;
}
