// What a question and its answers are on their channel.

export const requestType = 'request';
export const responseType = 'response';
/** Its content is what the responder threw, as text. */
export const failureType = 'busline.failure';
