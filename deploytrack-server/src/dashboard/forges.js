// @ts-check
// The addresses of commits, comparisons and pipelines, from the metadata of deployments. This module has no element and sends
// no request.

import { webAddress } from "./text.js";

/** The names of the CI systems, as the command line records them. */
const PROVIDERS = new Map([
  ["appveyor", "AppVeyor"], ["aws-codebuild", "AWS CodeBuild"], ["azure-pipelines", "Azure Pipelines"], ["bitbucket-pipelines", "Bitbucket Pipelines"],
  ["buildkite", "Buildkite"], ["circleci", "CircleCI"], ["drone", "Drone"], ["forgejo-actions", "Forgejo Actions"], ["gitea-actions", "Gitea Actions"],
  ["github-actions", "GitHub Actions"], ["gitlab-ci", "GitLab CI"], ["google-cloud-build", "Google Cloud Build"], ["jenkins", "Jenkins"],
  ["semaphore", "Semaphore"], ["teamcity", "TeamCity"], ["travis-ci", "Travis CI"], ["woodpecker", "Woodpecker"],
]);

/** The forge that runs a CI system, and the host to which its short names of repositories belong. */
const FORGES = new Map([
  ["github-actions", ["github", "github.com"]], ["gitlab-ci", ["gitlab", "gitlab.com"]], ["bitbucket-pipelines", ["bitbucket", "bitbucket.org"]],
  ["gitea-actions", ["gitea", null]], ["forgejo-actions", ["gitea", null]], ["azure-pipelines", ["azure", null]],
]);

/** The metadata of the CI, or of git outside of a CI. Metadata may contain anything. */
const source = ({ metadata }) => {
  const found = metadata?.ci ?? metadata?.git;
  return found !== null && typeof found === "object" ? found : {};
};

/** The web page of a repository, from a web address, an SSH remote or a short name such as `owner/name`; or null. */
export function repositoryAddress({ repository, provider, runUrl }) {
  if (typeof repository !== "string") return null;
  const remote = repository.trim();
  const shell = remote.match(/^ssh:\/\/(?:[^@/]*@)?([^:/]+)(?::\d+)?\/(.+)$/) ?? remote.match(/^[\w.-]+@([^:/\s]+):(?!\/\/)\/?(.+)$/);
  if (shell) return fromShell(shell[1], trimmed(shell[2]));
  if (/^[\w.-]+(\/[\w.-]+)+$/.test(remote)) {
    const host = hostOfShortNames(provider, runUrl);
    return host && page(`${host}/${trimmed(remote)}`);
  }
  return page(trimmed(remote));
}

const trimmed = (text) => text.replace(/\/+$/, "").replace(/\.git$/, "");

/** A web address without a user or a token, a query or a fragment. */
function page(text) {
  const address = webAddress(text);
  if (!address) return null;
  const url = new URL(address);
  url.username = url.password = url.search = url.hash = "";
  return trimmed(url.href);
}

/** Azure DevOps has other paths for SSH than for the web. */
function fromShell(host, path) {
  const [version, owner, project, name] = path.split("/");
  if (version === "v3" && name && host === "ssh.dev.azure.com") return page(`https://dev.azure.com/${owner}/${project}/_git/${name}`);
  if (version === "v3" && name && host === "vs-ssh.visualstudio.com") return page(`https://${owner}.visualstudio.com/${project}/_git/${name}`);
  return page(`https://${host}/${path}`);
}

/** A forge serves the pages of its runs, so their address names the host. */
function hostOfShortNames(provider, runUrl) {
  const [forge, host] = FORGES.get(provider) ?? [null, null];
  const run = webAddress(runUrl);
  if (forge && forge !== "azure" && run) return new URL(run).origin;
  return host && `https://${host}`;
}

/** The kind of forge that has a repository. Unknown ones have the paths of GitHub, Gitea and Forgejo. */
function forgeOf(address, provider) {
  const { hostname, pathname } = new URL(address);
  const labels = hostname.split(".");
  if (hostname === "bitbucket.org") return "bitbucket";
  if (pathname.includes("/_git/")) return "azure";
  if (hostname === "github.com") return "github";
  if (labels.includes("gitlab")) return "gitlab";
  return FORGES.get(provider)?.[0] ?? "gitea";
}

/** The web page of the repository of a deployment, or null. */
export const repositoryOf = (deployment) => repositoryAddress(source(deployment));

/** The web page of the commit of a deployment, or null. */
export function commitPage(deployment) {
  const { provider } = source(deployment);
  const address = deployment.commitSha ? repositoryAddress(source(deployment)) : null;
  if (!address) return null;
  const commit = encodeURIComponent(deployment.commitSha);
  return `${address}/${{ bitbucket: "commits", gitlab: "-/commit" }[forgeOf(address, provider)] ?? "commit"}/${commit}`;
}

/** The web page with the commits from one deployment to another of the same repository, or null. */
export function comparePage(from, to) {
  const [address, other] = [from, to].map((one) => (one?.commitSha ? repositoryAddress(source(one)) : null));
  if (!address || address !== other || from.commitSha === to.commitSha) return null;
  const [a, b] = [from, to].map((one) => encodeURIComponent(one.commitSha));
  switch (forgeOf(address, source(to).provider)) {
    case "azure": return `${address}/branchCompare?baseVersion=GC${a}&targetVersion=GC${b}`;
    case "bitbucket": return `${address}/branches/compare/${b}%0D${a}`;
    case "gitlab": return `${address}/-/compare/${a}...${b}`;
    default: return `${address}/compare/${a}...${b}`;
  }
}

/** The pipeline of a deployment: its address, and its name with the number at the end of that address; or null. */
export function pipelineOf(deployment) {
  const { provider, runUrl } = source(deployment);
  if (typeof runUrl !== "string") return null;
  const address = webAddress(runUrl);
  const name = PROVIDERS.get(provider) ?? (typeof provider === "string" && provider) ?? null;
  const number = address && new URL(address).pathname.match(/\/(\d+)\/?$/)?.[1];
  const host = address ? new URL(address).host : runUrl;
  return { address, name: [name || host, number && `#${number}`].filter(Boolean).join(" ") };
}
