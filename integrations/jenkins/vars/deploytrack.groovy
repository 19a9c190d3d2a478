// Runs the command or the block that deploys, and records it:
//
//   deploytrack(component: 'user-service', environment: 'production', version: 'v2.3.1', command: './deploy.sh')
//   deploytrack(component: 'user-service', environment: 'production', version: 'v2.3.1') { sh './deploy.sh' }
//
// shell, sendTimeout, commandTimeout and outputTail apply to a command; they have no effect on a block.
// credentialsId names a secret text, the token; without it the token is DEPLOYTRACK_TOKEN of the environment. The scripts
// below are in single quotes, and the inputs reach them as environment variables only.

import groovy.transform.Field

@Field static final Map VARIABLES = [
    component: 'DT_COMPONENT',
    environment: 'DT_ENVIRONMENT',
    version: 'DT_VERSION',
    command: 'DT_RUN',
    shell: 'DT_SHELL',
    url: 'DT_URL',
    onError: 'DT_ON_ERROR',
    sendTimeout: 'DT_SEND_TIMEOUT',
    commandTimeout: 'DT_COMMAND_TIMEOUT',
    outputTail: 'DT_OUTPUT_TAIL',
    path: 'DT_PATH',
]

@Field static final String RUN = '''#!/bin/sh
{ set +x; } 2>/dev/null # A traced script would print the token to the log.
set --
[ -z "${DT_COMPONENT:-}" ] || set -- "$@" "--component=$DT_COMPONENT"
[ -z "${DT_ENVIRONMENT:-}" ] || set -- "$@" "--environment=$DT_ENVIRONMENT"
[ -z "${DT_VERSION:-}" ] || set -- "$@" "--version=$DT_VERSION"
[ -z "${DT_ON_ERROR:-}" ] || set -- "$@" "--on-error=$DT_ON_ERROR"
[ -z "${DT_SEND_TIMEOUT:-}" ] || set -- "$@" "--send-timeout=$DT_SEND_TIMEOUT"
[ -z "${DT_COMMAND_TIMEOUT:-}" ] || set -- "$@" "--command-timeout=$DT_COMMAND_TIMEOUT"
[ -z "${DT_OUTPUT_TAIL:-}" ] || set -- "$@" "--output-tail=$DT_OUTPUT_TAIL"
[ -z "${DT_URL:-}" ] || export DEPLOYTRACK_URL="$DT_URL"
[ -z "${DT_TOKEN:-}" ] || export DEPLOYTRACK_TOKEN="$DT_TOKEN"
unset DT_TOKEN
if [ -z "${DT_RUN:-}" ]; then
  echo 'error: the input "run" is empty ("command" on Jenkins); set it to the command that deploys' >&2
  exit 2
fi
if ! "${DT_PATH:-deploytrack}" --version </dev/null >/dev/null 2>&1; then
  if [ "${DT_ON_ERROR:-${DEPLOYTRACK_ON_ERROR:-}}" = fail ]; then
    echo "error: '${DT_PATH:-deploytrack}' cannot be run here, and on-error is fail, so nothing is deployed; install deploytrack or set its path" >&2
    exit 127
  fi
  echo "warning: '${DT_PATH:-deploytrack}' cannot be run here, so this deployment is not recorded; install deploytrack or set its path" >&2
  exec "${DT_SHELL:-sh}" -ec "$DT_RUN"
fi
exec "${DT_PATH:-deploytrack}" record "$@" -- "${DT_SHELL:-sh}" -ec "$DT_RUN"
'''

@Field static final String START = '''#!/bin/sh
set --
[ -z "${DT_COMPONENT:-}" ] || set -- "$@" "--component=$DT_COMPONENT"
[ -z "${DT_ENVIRONMENT:-}" ] || set -- "$@" "--environment=$DT_ENVIRONMENT"
[ -z "${DT_VERSION:-}" ] || set -- "$@" "--version=$DT_VERSION"
[ -z "${DT_URL:-}" ] || export DEPLOYTRACK_URL="$DT_URL"
exec "${DT_PATH:-deploytrack}" record "$@" "--on-error=${DT_ON_ERROR:-${DEPLOYTRACK_ON_ERROR:-spool}}" --status=in_progress "--id-file=$DT_ID_FILE" >/dev/null
'''

@Field static final String FINISH = '''#!/bin/sh
[ -z "${DT_URL:-}" ] || export DEPLOYTRACK_URL="$DT_URL"
exec "${DT_PATH:-deploytrack}" update "--on-error=${DT_ON_ERROR:-${DEPLOYTRACK_ON_ERROR:-spool}}" "--id-file=$DT_ID_FILE" "$DT_STATUS" >/dev/null
'''

def call(Map inputs, Closure body = null) {
    List settings = []
    for (name in inputs.keySet()) {
        if (name == 'credentialsId') continue
        if (!VARIABLES.containsKey(name)) error('deploytrack: there is no input "' + name + '"; the inputs are ' + VARIABLES.keySet().join(', '))
        // withEnv replaces variables in a value; two dollars stand for one dollar.
        settings.add(VARIABLES[name] + '=' + (inputs[name] == null ? '' : inputs[name].toString()).replace('$', '$$'))
    }
    withEnv(settings) {
        if (inputs.credentialsId) {
            withCredentials([string(credentialsId: inputs.credentialsId, variable: 'DEPLOYTRACK_TOKEN')]) { deploy(inputs, body) }
        } else {
            deploy(inputs, body)
        }
    }
}

def deploy(Map inputs, Closure body) {
    if (body == null) {
        sh(RUN)
        return
    }
    withEnv(['DT_ID_FILE=' + pwd(tmp: true) + '/deploytrack-' + UUID.randomUUID()]) {
        if (report(START) != 0 && (inputs.onError ?: env.DEPLOYTRACK_ON_ERROR) == 'fail') error('deploytrack: the start could not be recorded, and onError is fail, so nothing was deployed')
        try {
            body()
        } catch (Throwable failure) {
            withEnv(['DT_STATUS=failed']) { report(FINISH) }
            throw failure
        }
        withEnv(['DT_STATUS=succeeded']) { report(FINISH) }
    }
}

// A failure of the tracker never fails the deployment.
def report(String script) {
    int status = sh(script: script, returnStatus: true)
    if (status != 0) echo('warning: deploytrack did not record this; the lines above give the reason, and `deploytrack doctor` checks the connection')
    return status
}
