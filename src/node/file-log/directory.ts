// Whether a log in files can be in a folder: appends of several processes must not interleave there, and it must take them.

import { mkdir, readFile, realpath, statfs } from 'node:fs/promises';
import { busError, describe } from '../../core/errors.ts';
import { hubError } from '../hub-error.ts';

/** What `statfs` calls the file systems that lie on another machine, or are shared with one. */
const networks: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9p'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0xaad7aaea, 'PanFS'],
  [0x7461636f, 'OCFS2'],
  [0x01161970, 'GFS2'],
  [0x786f4256, 'a shared folder of VirtualBox'],
  [0xbacbacbc, 'a shared folder of VMware'],
]);
const fuse = 0x65735546;
/** Among those that are served by a program, these reach over a network. */
const overNetwork =
  /^fuse\.(glusterfs|sshfs|ceph-fuse|s3fs|gcsfuse|goofys|rclone|juicefs|mfs|davfs|curlftpfs|smbnetfs|lustre|beegfs|moosefs)/;

/**
 * The name of a network file system, by the type that `statfs` gives and, for those that a program serves, by the type in the
 * list of mounts; undefined for a local one.
 */
export function networkOf(type: number, mount = ''): string | undefined {
  if (type === fuse) return overNetwork.test(mount) ? mount : undefined;
  // Some machines give it with a sign.
  return networks.get(type >>> 0);
}

/** Runs `task`, which works in the folder, and tells what is wrong with the folder if anything is. */
export async function prepared<T>(
  directory: string,
  task: () => Promise<T>,
  typeOf: (directory: string) => Promise<number> = async (path) => (await statfs(path)).type,
): Promise<T> {
  try {
    await mkdir(directory, { recursive: true });
    const type = await typeOf(directory);
    const network = networkOf(type, type === fuse ? await mountOf(directory) : undefined);
    if (network !== undefined) throw hubError('NETWORK_DIRECTORY', `${directory} is on ${network}.`);
    return await task();
  } catch (cause) {
    throw troubleIn(directory, cause);
  }
}

/** What went wrong with a file or folder there, as an error that says what to do, where it is known. */
export function troubleIn(directory: string, cause: unknown): unknown {
  if (isFullDisk(cause))
    return busError('STORAGE_FULL', `There is no room in ${directory}.`, { cause, retryable: true });
  const { code } = cause as { readonly code?: unknown };
  if (typeof code === 'string' && denied.has(code))
    return hubError('DIRECTORY_DENIED', `${directory} cannot be used: ${describe(cause)}.`, { cause });
  return cause;
}

export function isFullDisk(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' || code === 'STORAGE_FULL';
}

/** A folder that cannot be made on a disk that takes nothing is said to be missing. */
const denied: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ELOOP', 'ENOENT']);

/** Where there is no such list, it is not known. */
async function mountOf(directory: string): Promise<string | undefined> {
  const path = `${await realpath(directory)}/`;
  const list = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const mounts = list.split('\n').flatMap((line) => {
    const [place, kind] = line.split(' - ');
    const point = place?.split(' ')[4];
    const type = kind?.split(' ')[0];
    const isAbove = point !== undefined && path.startsWith(point === '/' ? point : `${point}/`);
    return isAbove && type !== undefined ? [{ point, type }] : [];
  });
  return mounts.toSorted((a, b) => b.point.length - a.point.length)[0]?.type;
}
