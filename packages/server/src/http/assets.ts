/** The files our pages load. Their paths carry a hash of their content, so browsers may keep them for ever. */
import { hashSecret } from '@castellan/protocol';
import { stylesheet } from './stylesheet.ts';

export interface Asset {
  /** Below the issuer. */
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

/** A keep with its gate: three merlons, a keyhole for a door. */
const markSvg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" role="img" aria-label="Castellan">
<path fill="#1f5c57" d="M5 3h5v4h3.500V3h5v4H22V3h5v9.500l-2.500 2.500v14h-17V15L5 12.500z"/>
<path fill="#fff" d="M16 13.500a3.250 3.250 0 0 1 1.750 5.990V24.500h-3.500V19.490A3.250 3.250 0 0 1 16 13.500z"/>
</svg>
`;

function asset(name: string, extension: string, content: Pick<Asset, 'contentType' | 'body'>): Asset {
  return { path: `/assets/${name}.${hashSecret(content.body).slice(0, 16)}.${extension}`, ...content };
}

export const assets: { readonly stylesheet: Asset; readonly mark: Asset } = Object.freeze({
  stylesheet: asset('castellan', 'css', { contentType: 'text/css; charset=utf-8', body: stylesheet }),
  mark: asset('mark', 'svg', { contentType: 'image/svg+xml; charset=utf-8', body: markSvg }),
});
