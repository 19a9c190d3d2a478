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
    downloadUrl: 'DT_DOWNLOAD_URL',
]

// The file deploytrack.sh: it brings the program, and runs it with the arguments that a script below sets.
@Field static final String DEPLOYTRACK = '''#!/bin/sh
# Runs deploytrack on a machine that does not have it. Commit this file, and write it where `deploytrack` would be:
#
#     ./deploytrack.sh record --component user-service --environment production -- ./deploy.sh
#
# If PATH has a `deploytrack`, that one runs. Otherwise the client is downloaded, checked and cached. If that fails, a warning
# names the reason, and the command after `--` runs without being recorded; with on-error=fail nothing runs.
# The script is POSIX shell without a backslash, so that its copy in the Jenkins library is a plain string. A function in
# parentheses is a subshell: its variables do not replace variables of the command.

# The release. The copy of this file in a release has its address and the checksums of its archives. Without checksums they
# are read from the file SHA256SUMS at the address.
release() {
version=0.1.0
address=${DEPLOYTRACK_DOWNLOAD_URL:-}
sha256_x86_64=
sha256_aarch64=
}

# Prints a warning or an error, where GitHub and Azure show it.
report() {
    if [ "${GITHUB_ACTIONS:-}" = true ]; then
        echo "::$1 title=deploytrack::$(echo "$2" | sed 's/%/%25/g')"
        [ -z "${GITHUB_STEP_SUMMARY:-}" ] || echo "- deploytrack: $1: $2" >>"$GITHUB_STEP_SUMMARY"
    elif [ "${TF_BUILD:-}" = True ]; then
        echo "##vso[task.logissue type=$1]$(echo "$2" | sed 's/%/%AZP25/g')"
    else
        echo "$1: $2"
    fi >&2 || true
}

# Downloads a file of the release to $part.
download() {
    [ -n "$address" ] || { echo 'DEPLOYTRACK_DOWNLOAD_URL is not set' && return 1; }
    url=$address/$1
    if command -v curl >/dev/null; then
        set -- curl -fsSL --connect-timeout 10 --retry 1 -o "$part" "$url"
    elif command -v wget >/dev/null; then
        set -- wget -q -O "$part" "$url"
    else
        echo 'this machine has neither curl nor wget' && return 1
    fi
    ! timeout 60 true 2>/dev/null || set -- timeout 60 "$@"
    problem=$("$@" 2>&1) || { echo "cannot download $(shown "$url"): $(echo "${problem:-exit code $?}" | head -n 1)" && return 1; }
    case $checksum$problem in
        # busybox without a TLS library. With a checksum that does not matter.
        *'certificate validation not implemented'*) [ -n "$checksum" ] || { echo 'this wget checks no certificates' && return 1; } ;;
    esac
}

# An address without the password in it.
shown() {
    echo "$1" | sed 's,//[^/]*@,//,'
}

# Whether a file has the checksum.
is_right() {
    sum=$(sha256sum <"$1") && [ "${sum%% *}" = "$checksum" ]
}

# Prints the path of the client, or the reason why there is none.
bring() (
    release
    address=${address%/}
    case $(uname -s)-$(uname -m) in
        Linux-x86_64) machine=x86_64 checksum=$sha256_x86_64 ;;
        Linux-aarch64 | Linux-arm64) machine=aarch64 checksum=$sha256_aarch64 ;;
        *) echo "there is no ready-made client for $(uname -s) on $(uname -m)" && exit 1 ;;
    esac
    name=deploytrack-client-$machine-unknown-linux-musl
    folder=${XDG_CACHE_HOME:-${HOME:-/dev/null}/.cache}/deploytrack/$version
    { mkdir -p "$folder" && part=$(mktemp "$folder/part.XXXXXX"); } 2>/dev/null || { folder=$(mktemp -d) && part=$folder/part; } || exit
    trap 'rm -f "$part"' EXIT
    if [ -z "$checksum" ]; then
        # Only the connection proves that these checksums are the right ones.
        case $address in
            '' | https://* | http://127.0.0.1:* | http://localhost:*) ;;
            *) echo "$(shown "$address") does not begin with https://" && exit 1 ;;
        esac
        { download SHA256SUMS && mv "$part" "$folder/SHA256SUMS"; } || [ -s "$folder/SHA256SUMS" ] || exit
        checksum=$(sed -n "s/ .*$name.tar.gz$//p" "$folder/SHA256SUMS")
    fi
    if ! is_right "$folder/$name.tar.gz"; then
        download "$name.tar.gz" || exit
        is_right "$part" || { echo "the checksum of $(shown "$url") is wrong" && exit 1; }
        mv "$part" "$folder/$name.tar.gz" || exit
    fi
    tar -xzOf "$folder/$name.tar.gz" "$name/deploytrack" >"$part" && chmod 755 "$part" && mv "$part" "$folder/deploytrack" &&
        "$folder/deploytrack" --version >/dev/null && echo "$folder/deploytrack"
)

# Reports why there is no client. Ends with 0 if the pipeline continues.
give_up() (
    reason=$1 subcommand='' wraps='' id_file='' on_error=${DEPLOYTRACK_ON_ERROR:-} flag=''
    shift
    for argument; do
        case $flag$argument in
            --) wraps=yes && break ;;
            --on-error=*) on_error=${argument#*=} ;;
            --on-error:*) on_error=$argument ;;
            --id-file=*) id_file=${argument#*=} ;;
            --id-file:*) id_file=$argument ;;
            record | update | undeploy | rollback | flush) subcommand=${subcommand:-$argument} ;;
        esac
        case $argument in
            --on-error | --id-file) flag=$argument: ;;
            *) flag='' ;;
        esac
    done
    # The id of an earlier deployment would be the wrong one for the next step. Another file with this name stays.
    if [ "$subcommand" = record ] && [ -f "$id_file" ] && [ ! -L "$id_file" ]; then
        case $(cat "$id_file") in
            *[!0-9a-f:run-]*) ;;
            *) rm -f "$id_file" ;;
        esac
    fi
    case $subcommand-$on_error-$wraps in
        record-fail-* | update-fail-* | undeploy-fail-*) report error "deploytrack is missing ($reason), and on-error is fail, so nothing runs" ;;
        rollback-*) report error "deploytrack is missing ($reason), so the version to go back to is not known, and nothing runs" ;;
        record-*-yes) report warning "deploytrack is missing ($reason), so this deployment is not recorded" && exit 0 ;;
        record-* | update-* | undeploy-* | flush-*) report warning "deploytrack is missing ($reason), so nothing is recorded" && exit 0 ;;
        *) echo "error: deploytrack is missing ($reason)" >&2 ;;
    esac
    exit 127
)

# A copy of this script on the PATH is not the program, and would start itself without end.
[ -z "${DEPLOYTRACK_SH:-}" ] || exit 1
if DEPLOYTRACK_SH=probe deploytrack --version </dev/null >/dev/null 2>&1; then
    exec deploytrack "$@"
fi
if deploytrack_client=$(bring 2>&1); then
    exec "$(echo "$deploytrack_client" | tail -n 1)" "$@"
fi
give_up "$(echo "$deploytrack_client" | tail -n 1)" "$@" || exit
while [ $# -gt 0 ] && [ "$1" != -- ]; do shift; done
[ $# -gt 0 ] || exit 0
shift
exec "$@"
'''

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
[ -z "${DT_DOWNLOAD_URL:-}" ] || export DEPLOYTRACK_DOWNLOAD_URL="$DT_DOWNLOAD_URL"
unset DT_TOKEN
if [ -z "${DT_RUN:-}" ]; then
  echo 'error: the input "run" is empty ("command" on Jenkins); set it to the command that deploys' >&2
  exit 2
fi
set -- record "$@" -- "${DT_SHELL:-sh}" -ec "$DT_RUN"
'''

@Field static final String START = '''#!/bin/sh
set --
[ -z "${DT_COMPONENT:-}" ] || set -- "$@" "--component=$DT_COMPONENT"
[ -z "${DT_ENVIRONMENT:-}" ] || set -- "$@" "--environment=$DT_ENVIRONMENT"
[ -z "${DT_VERSION:-}" ] || set -- "$@" "--version=$DT_VERSION"
[ -z "${DT_URL:-}" ] || export DEPLOYTRACK_URL="$DT_URL"
[ -z "${DT_DOWNLOAD_URL:-}" ] || export DEPLOYTRACK_DOWNLOAD_URL="$DT_DOWNLOAD_URL"
set -- record "$@" "--on-error=${DT_ON_ERROR:-${DEPLOYTRACK_ON_ERROR:-spool}}" --status=in_progress "--id-file=$DT_ID_FILE"
exec >/dev/null
'''

@Field static final String FINISH = '''#!/bin/sh
[ -z "${DT_URL:-}" ] || export DEPLOYTRACK_URL="$DT_URL"
[ -z "${DT_DOWNLOAD_URL:-}" ] || export DEPLOYTRACK_DOWNLOAD_URL="$DT_DOWNLOAD_URL"
set -- update "--on-error=${DT_ON_ERROR:-${DEPLOYTRACK_ON_ERROR:-spool}}" "--id-file=$DT_ID_FILE" "$DT_STATUS"
exec >/dev/null
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
        sh(RUN + DEPLOYTRACK)
        return
    }
    withEnv(['DT_ID_FILE=' + pwd(tmp: true) + '/deploytrack-' + UUID.randomUUID()]) {
        if (report(START + DEPLOYTRACK) != 0 && (inputs.onError ?: env.DEPLOYTRACK_ON_ERROR) == 'fail') error('deploytrack: the start could not be recorded, and onError is fail, so nothing was deployed')
        try {
            body()
        } catch (Throwable failure) {
            withEnv(['DT_STATUS=failed']) { report(FINISH + DEPLOYTRACK) }
            throw failure
        }
        withEnv(['DT_STATUS=succeeded']) { report(FINISH + DEPLOYTRACK) }
    }
}

// A failure of the tracker never fails the deployment.
def report(String script) {
    int status = sh(script: script, returnStatus: true)
    if (status != 0) echo('warning: deploytrack did not record this; the lines above give the reason, and `deploytrack doctor` checks the connection')
    return status
}
